using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Quantizes layer by layer with GPTQ, each on what the layers before it, quantized, give it.</summary>
internal sealed class CalibratedQuantizer : IMatrixQuantizer, IDisposable
{
    private readonly DecoderConfig _model;
    private readonly ITensorSource _source;
    private readonly CalibrationPlan _plan;
    private readonly RotaryTables _rotary;
    private readonly Gram _gram = new();
    private readonly CancellationToken _cancel;

    /// <summary>[T, D] of each window in front of the next layer: of level 0 as it is stored.</summary>
    private readonly ResidualFile _hidden;

    private readonly Dictionary<string, QuantizedMatrix> _ready = new(StringComparer.Ordinal);

    /// <param name="folder">For what is too much for the memory.</param>
    public CalibratedQuantizer(DecoderConfig model, ITensorSource source, CalibrationPlan plan, string folder,
        CancellationToken cancel)
    {
        (_model, _source, _plan, _cancel) = (model, source, plan, cancel);
        _rotary = new RotaryTables(model.Rotary, CalibrationText.Window);
        _hidden = new ResidualFile(folder, EmbeddedText.Of(model, source, plan.Windows));
    }

    public void Begin(int layer, IReadOnlyList<int> widths)
    {
        _ready.Clear();
        QuantizeLayer(layer, widths);
        // Of what the layer needed, only the result is left.
        SpentMemory.GiveBack();
    }

    public QuantizedMatrix Quantize(string name, float[] values, int inputs) => _ready.GetValueOrDefault(name)
        ?? SearchedRounding.Quantize(values, inputs, null, _plan.FormatOf(name));

    public void Dispose()
    {
        _gram.Dispose();
        _rotary.Dispose();
        _hidden.Dispose();
    }

    private void QuantizeLayer(int layer, IReadOnlyList<int> widths)
    {
        var memory = LayerMemory.Read(_model, _source, layer);
        SpentMemory.GiveBack();
        var (name, full) = ($"layers.{layer}", _model.IntermediateSize);
        using var pass = new LayerPass(
            _model, _rotary, memory, memory.Weights, layer, full, LayerHessians.Inputs(layer));
        var hessians = Hessians(pass);
        var narrower = widths.Where(width => width < full).ToList();
        var downName = LayerWeights.DownName(layer, full);
        // Quantizing overwrites it; levels that are trained have their own.
        float[] down = narrower.Count == 0 || _plan.Downs is not null ? [] : [.. memory[downName]];

        Quantize(memory, hessians.Qkv, $"{name}.attention.qkv");
        Quantize(memory, hessians.Output, $"{name}.attention.output");
        Quantize(memory, hessians.Ffn, $"{name}.ffn.gate", $"{name}.ffn.up");
        Quantize(memory, hessians.Down, downName);
        for (var i = 0; i < _hidden.Count; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            _hidden[i] = pass.Run(_hidden[i])[0];
        }
        foreach (var width in narrower)
        {
            _cancel.ThrowIfCancellationRequested();
            var values = _plan.Downs?[layer, width] ?? Thinned(hessians.Down, down, width);
            QuantizeDown(LayerWeights.DownName(layer, width), width, values, hessians.Down);
        }
    }

    private LayerHessians Hessians(LayerPass pass)
    {
        var hessians = LayerHessians.Zero(_model);
        for (var i = 0; i < _hidden.Count; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            var window = _hidden[i];
            hessians.Add(_gram, pass.Run(window), window.Length / _model.HiddenSize);
        }
        return hessians;
    }

    /// <summary>Quantizes matrices that share an input, and leaves what they become in the layer's memory.</summary>
    private void Quantize(LayerMemory memory, float[] hessian, params string[] names)
    {
        var columns = (int)Math.Sqrt(hessian.Length);
        var feedback = Feedback(hessian, columns);
        foreach (var name in names)
        {
            _cancel.ThrowIfCancellationRequested();
            var weights = memory[name];
            var quantized = Gptq.Quantize(weights, weights.Length / columns, feedback, _plan.FormatOf(name)).Matrix;
            _ready[name] = quantized;
            memory.Replace(name, quantized.Dequantize());
        }
    }

    private ErrorFeedback Feedback(ReadOnlySpan<float> hessian, int columns) =>
        _plan.HandsErrorsOn ? ErrorFeedback.Of(hessian, columns) : ErrorFeedback.None(hessian, columns);

    /// <summary>The down projection of a level; a model that was trained for its levels needs no correction.</summary>
    private float[] Thinned(float[] hessian, float[] down, int width) => _plan.CorrectsLevels
        ? CorrectedDown.Solve(hessian, down, _model.IntermediateSize, width)
        : MatrixParts.Columns(down, _model.IntermediateSize, 0, width);

    private void QuantizeDown(string name, int width, float[] values, float[] hessian)
    {
        var part = MatrixParts.Columns(
            hessian.AsSpan(0, width * _model.IntermediateSize), _model.IntermediateSize, 0, width);
        _ready[name] = Gptq.Quantize(
            values, _model.HiddenSize, Feedback(part, width), _plan.FormatOf(name)).Matrix;
    }
}
