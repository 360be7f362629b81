using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>Runs the model in fp32 over a part of the calibration text and decides formats and levels.</summary>
internal static class CalibrationPlanner
{
    /// <summary>Windows that the survey looks at; with all 56 a ladder was no better (docs/PERFORMANCE.md).</summary>
    private const int SurveyWindows = 16;

    /// <summary>What a matrix may become, from the fewest bits to the most.</summary>
    /// <remarks>None has zero points: with them SmolLM2 was worse (docs/PERFORMANCE.md).</remarks>
    private static readonly BlockFormat[] Formats =
    [
        new(4, 64, IsSymmetric: true), new(4, 32, IsSymmetric: true), new(8, 64, IsSymmetric: true),
        new(8, 32, IsSymmetric: true),
    ];

    /// <summary>Judges what needs no text, before the text is made.</summary>
    /// <exception cref="ModelToolsException">No block size divides the model's matrices, or no level its FFN.
    /// </exception>
    public static void Check(ImportOptions options, IModelSource source, DecoderConfig model)
    {
        if (FormatsOf(model).Length == 0)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid,
                $"Blocks of 32 do not divide the matrices (hidden size {model.HiddenSize}, FFN "
                + $"{model.IntermediateSize}); use --quant none.");
        }
        if (MakesLevels(options, source.ReadLevels(model)) && model.IntermediateSize % WidthLadder.Unit != 0)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid,
                $"Levels take {WidthLadder.Unit} channels at a time, which does not divide the FFN's "
                + $"{model.IntermediateSize}; leave out --levels.");
        }
    }

    /// <param name="progress">Receives the number of layers done.</param>
    public static CalibrationPlan Make(ImportOptions options, IModelSource source, DecoderConfig model,
        IReadOnlyList<int[]> windows, Action<long>? progress, CancellationToken cancel)
    {
        var own = source.ReadLevels(model);
        var corrects = MakesLevels(options, own);
        using var tensors = source.OpenTensors();
        float[][] hidden = [.. EmbeddedText.Of(model, tensors, Spread(windows))];
        var open = Open(options, FormatsOf(model));
        var damage = corrects ? new DamageSurvey(model, hidden) : null;
        var scaled = options.Quantization == QuantizationMethod.Awq ? open[0] : null;
        var surveys = Survey(model, tensors, hidden, damage, open, scaled, progress, cancel);
        return new CalibrationPlan(
            windows, [.. surveys.Select(survey => survey.Order.Channels)],
            damage is null ? own : Ladder(model, options, surveys, damage.Measure(tensors, cancel)), corrects,
            BitBudget.Choose([.. surveys.SelectMany(survey => survey.Losses)], open, options.Bits))
        {
            Scales = scaled is null ? null : [.. surveys.Select(survey => survey.Scales!)],
            HandsErrorsOn = options.Quantization != QuantizationMethod.Awq,
        };
    }

    private static bool MakesLevels(ImportOptions options, IReadOnlyList<IReadOnlyList<int>> own) =>
        own.Count == 1 && options.Levels > 1;

    private static BlockFormat[] FormatsOf(DecoderConfig model) =>
        Array.FindAll(Formats, format => model.HiddenSize % format.BlockSize == 0
            && model.IntermediateSize % format.BlockSize == 0
            && model.Heads * model.HeadDimensions % format.BlockSize == 0);

    /// <summary>Auto may take any; GPTQ and AWQ alone have one of 4 bits, the finest within the budget.</summary>
    private static BlockFormat[] Open(ImportOptions options, BlockFormat[] formats)
    {
        if (options.Quantization == QuantizationMethod.Auto)
        {
            return formats;
        }
        var four = formats.Where(format => format.Bits == 4).ToArray();
        return [four.LastOrDefault(format => format.StoredBits <= options.Bits) ?? four[0]];
    }

    private static IReadOnlyList<IReadOnlyList<int>> Ladder(
        DecoderConfig model, ImportOptions options, List<LayerSurvey> surveys, IReadOnlyList<double> damages) =>
        WidthLadder.Of(model.IntermediateSize, options.Levels,
            [.. surveys.Select((survey, i) => Array.ConvertAll(survey.Order.Missed, missed => missed * damages[i]))]);

    /// <summary>Windows from everywhere: prose and answers alike.</summary>
    private static int[][] Spread(IReadOnlyList<int[]> windows)
    {
        var count = Math.Min(SurveyWindows, windows.Count);
        return [.. Enumerable.Range(0, count).Select(i => windows[i * windows.Count / count])];
    }

    /// <param name="hidden">[T, D] of each window in front of the first layer; changed.</param>
    /// <param name="damage">Measures where a ladder takes channels; null: the model needs no ladder.</param>
    /// <param name="scaled">What channels are scaled for before the layer is judged; null: they are not.</param>
    private static List<LayerSurvey> Survey(DecoderConfig model, ITensorSource tensors, float[][] hidden,
        DamageSurvey? damage, BlockFormat[] formats, BlockFormat? scaled, Action<long>? progress,
        CancellationToken cancel)
    {
        using var rotary = new RotaryTables(model.Rotary, CalibrationText.Window);
        using var gram = new Gram();
        var least = damage is null ? model.IntermediateSize : WidthLadder.Least(model.IntermediateSize);
        var surveys = new List<LayerSurvey>();
        for (var layer = 0; layer < model.Layers; layer++)
        {
            surveys.Add(Survey(layer));
            // A method of its own: what a layer holds is garbage when it returns.
            SpentMemory.GiveBack();
            progress?.Invoke(layer + 1);
        }
        return surveys;

        LayerSurvey Survey(int layer)
        {
            var memory = LayerMemory.Read(model, tensors, layer);
            var hessians = LayerHessians.Zero(model);
            using (var pass = new LayerPass(
                model, rotary, memory, memory.Weights, layer, model.IntermediateSize, LayerHessians.Inputs(layer)))
            {
                for (var i = 0; i < hidden.Length; i++)
                {
                    cancel.ThrowIfCancellationRequested();
                    var values = pass.Run(hidden[i]);
                    hessians.Add(gram, values, hidden[i].Length / model.HiddenSize);
                    hidden[i] = values[0];
                }
            }
            LayerScales? scales = null;
            if (scaled is not null)
            {
                scales = ScaleChoice.Of(model, memory, layer, hessians, scaled);
                hessians = hessians.Scaled(model, scales);
                memory = LayerMemory.Read(model, new ScaledChannels(
                    model, tensors, [.. Enumerable.Repeat(scales, layer + 1)]), layer);
            }
            var survey = LayerSurvey.Of(model, memory, layer, hessians, least, formats);
            if (damage is not null)
            {
                using var plain = new LayerPass(
                    model, rotary, memory, memory.Weights, layer, model.IntermediateSize);
                damage.Pass(plain, memory, LayerWeights.DownName(layer, model.IntermediateSize), hessians.Down,
                    survey.Order);
            }
            return survey with { Scales = scales };
        }
    }
}
