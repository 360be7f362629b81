using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Quantizes layer by layer with GPTQ, each on what the layers before it, quantized, give it.</summary>
internal sealed class CalibratedQuantizer : IMatrixQuantizer, IDisposable
{
    /// <summary>Windows that the levels above 0 are corrected on; each goes through every layer twice.</summary>
    private const int LevelWindows = 12;

    private readonly DecoderConfig _model;
    private readonly ITensorSource _source;
    private readonly CalibrationPlan _plan;
    private readonly RotaryTables _rotary;
    private readonly Gram _gram = new();
    private readonly CancellationToken _cancel;

    /// <summary>[T, D] of each window in front of the next layer: of level 0 as it is stored.</summary>
    private readonly float[][] _hidden;

    /// <summary>The same of the model in fp32, which the levels are corrected towards.</summary>
    private readonly float[][] _target;
    private readonly LevelStream[] _levels;

    private readonly Dictionary<string, QuantizedMatrix> _ready = new(StringComparer.Ordinal);

    public CalibratedQuantizer(
        DecoderConfig model, ITensorSource source, CalibrationPlan plan, CancellationToken cancel)
    {
        (_model, _source, _plan, _cancel) = (model, source, plan, cancel);
        _rotary = new RotaryTables(model.Rotary, CalibrationText.Window);
        _hidden = EmbeddedText.Of(model, source, plan.Windows);
        _target = plan.CorrectsLevels ? Copy() : [];
        _levels = plan.CorrectsLevels
            ? [.. plan.Levels.Skip(1).Select(_ => new LevelStream(model, _rotary, _gram, Copy()))] : [];
    }

    public void Begin(int layer, IReadOnlyList<int> widths)
    {
        _ready.Clear();
        var memory = LayerMemory.Read(_model, _source, layer);
        var (name, full) = ($"layers.{layer}", _model.IntermediateSize);
        string[] watched = [.. LayerHessians.Inputs(layer), $"{name}.ffn.down.out", $"{name}.ffn.norm.out.sum"];
        using var pass = new LayerPass(_model, _rotary, memory, memory.Weights, layer, full, watched);
        var hessians = Hessians(pass);
        var targets = Targets(pass);
        var down = (float[])memory[$"{name}.ffn.down.{full}"].Clone();

        Quantize(memory, hessians.Qkv, $"{name}.attention.qkv");
        Quantize(memory, hessians.Output, $"{name}.attention.output");
        Quantize(memory, hessians.Ffn, $"{name}.ffn.gate", $"{name}.ffn.up");
        Quantize(memory, hessians.Down, $"{name}.ffn.down.{full}");
        for (var i = 0; i < _hidden.Length; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            _hidden[i] = pass.Run(_hidden[i])[0];
        }
        if (_plan.CorrectsLevels)
        {
            CorrectLevels(memory, layer, down, targets);
        }
        else
        {
            QuantizeOwnLevels(name, widths, down, hessians.Down);
        }
    }

    public QuantizedMatrix Quantize(string name, float[] values, int inputs) => _ready.GetValueOrDefault(name)
        ?? SearchedRounding.Quantize(values, inputs, null, _plan.FormatOf(name));

    public void Dispose()
    {
        _gram.Dispose();
        _rotary.Dispose();
    }

    private float[][] Copy() => [.. _hidden.Take(LevelWindows).Select(window => (float[])window.Clone())];

    private LayerHessians Hessians(LayerPass pass)
    {
        var hessians = LayerHessians.Zero(_model);
        foreach (var window in _hidden)
        {
            _cancel.ThrowIfCancellationRequested();
            hessians.Add(_gram, pass.Run(window), window.Length / _model.HiddenSize);
        }
        return hessians;
    }

    /// <summary>Runs the fp32 model on by one layer and keeps what the levels are corrected towards.</summary>
    private LayerTarget[] Targets(LayerPass pass)
    {
        var targets = new LayerTarget[_target.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            var values = pass.Run(_target[i]);
            _target[i] = values[0];
            targets[i] = new LayerTarget(values[5], values[6]);
        }
        return targets;
    }

    /// <summary>Quantizes matrices that share an input, and leaves what they become in the layer's memory.</summary>
    private void Quantize(LayerMemory memory, float[] hessian, params string[] names)
    {
        var columns = (int)Math.Sqrt(hessian.Length);
        var feedback = ErrorFeedback.Of(hessian, columns);
        foreach (var name in names)
        {
            _cancel.ThrowIfCancellationRequested();
            var weights = memory[name];
            var quantized = Gptq.Quantize(weights, weights.Length / columns, feedback, _plan.FormatOf(name)).Matrix;
            _ready[name] = quantized;
            memory.Replace(name, quantized.Dequantize());
        }
    }

    private void CorrectLevels(LayerMemory memory, int layer, float[] down, LayerTarget[] targets)
    {
        for (var level = 1; level < _plan.Levels.Count; level++)
        {
            _cancel.ThrowIfCancellationRequested();
            var width = _plan.Levels[level][layer];
            var name = $"layers.{layer}.ffn.down.{width}";
            if (_ready.TryGetValue(name, out var known))
            {
                _levels[level - 1].Step(memory, layer, width, known.Dequantize());
            }
            else
            {
                _ready[name] = _levels[level - 1].Correct(
                    memory, layer, width, FirstColumns(down, width), targets, _plan.FormatOf(name));
            }
        }
    }

    /// <summary>A model that was trained for its levels needs no correction, and takes its channels in order.</summary>
    private void QuantizeOwnLevels(string layer, IReadOnlyList<int> widths, float[] down, float[] hessian)
    {
        foreach (var width in widths.Where(width => width < _model.IntermediateSize))
        {
            var name = $"{layer}.ffn.down.{width}";
            var part = FirstColumns(hessian, width)[..(width * width)];
            _ready[name] = Gptq.Quantize(FirstColumns(down, width), _model.HiddenSize, ErrorFeedback.Of(part, width),
                _plan.FormatOf(name)).Matrix;
        }
    }

    private float[] FirstColumns(float[] matrix, int columns)
    {
        var rows = matrix.Length / _model.IntermediateSize;
        var cut = new float[rows * columns];
        for (var row = 0; row < rows; row++)
        {
            matrix.AsSpan(row * _model.IntermediateSize, columns).CopyTo(cut.AsSpan(row * columns));
        }
        return cut;
    }
}
