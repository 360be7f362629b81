using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Distil;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What comes before a calibrated package is written: a draft that samples text, then the plan.</summary>
internal static class Calibration
{
    private const int PlanPercent = 30;
    private const int PlanPercentBesideTraining = 15;
    private const int TrainingPercent = 65;

    /// <summary>Parameters of the largest model whose draft has 8 bits.</summary>
    private const long LargestInt8 = 400_000_000;

    private const int DraftPercent = 2;
    private const int TextPercent = 12;

    /// <param name="draft">Folder for the draft, which is gone afterwards.</param>
    /// <exception cref="ModelToolsException">The source has no tokenizer, the text is no use, or the model's sizes do
    /// not suit.</exception>
    public static CalibrationPlan Plan(ImportOptions options, IModelSource source, DecoderConfig model, string draft,
        Action<long>? progress, CancellationToken cancel)
    {
        CalibrationPlanner.Check(options, source, model);
        try
        {
            Action<long> planned = percent =>
                progress?.Invoke(Trains(options) ? percent * PlanPercentBesideTraining / PlanPercent : percent);
            var windows = Text(options, source, model, draft, planned, cancel);
            SpentMemory.GiveBack();
            var plan = CalibrationPlanner.Make(options, source, model, windows, layers => planned(
                TextPercent + ((PlanPercent - TextPercent) * layers / model.Layers)), cancel);
            return plan.CorrectsLevels && Trains(options)
                ? Train(options, source, model, plan, draft, progress, cancel) : plan;
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
    }

    /// <summary>Share of the whole import that is done when the plan stands, in per cent.</summary>
    public static int Percent(ImportOptions options) =>
        Trains(options) ? PlanPercentBesideTraining + TrainingPercent : PlanPercent;

    /// <summary>Training knows nothing of the scales of AWQ.</summary>
    private static bool Trains(ImportOptions options) => options.Levels > 1 && options.DistillationSteps > 0
        && options.Quantization != QuantizationMethod.Awq;

    private static CalibrationPlan Train(ImportOptions options, IModelSource source, DecoderConfig model,
        CalibrationPlan plan, string folder, Action<long>? progress, CancellationToken cancel)
    {
        if (!Distillation.Fits(model, plan.Levels))
        {
            return plan;
        }
        using var tensors = new OrderedChannels(source.OpenTensors(), plan.Orders);
        return plan with
        {
            Downs = Distillation.Run(model, tensors, plan.Windows, plan.Levels, options.DistillationSteps, folder,
                (done, all) => progress?.Invoke(PlanPercentBesideTraining + (TrainingPercent * done / all)), cancel),
        };
    }

    private static List<int[]> Text(ImportOptions options, IModelSource source, DecoderConfig model, string draft,
        Action<long>? progress, CancellationToken cancel)
    {
        if (!source.HasTokenizer)
        {
            throw new ModelToolsException(ModelToolsFault.CalibrationFailed,
                $"{options.Source} has no tokenizer, and calibration needs text. Use --quant rtn.");
        }
        Directory.CreateDirectory(draft);
        using var tensors = source.OpenTensors();
        // With 8 bits the draft writes as the model does; a large model would need too much memory for it.
        var rounding = tensors.Elements <= LargestInt8 ? BlockFormat.Int8 : BlockFormat.Int4;
        var plain = options with { Quantization = QuantizationMethod.Rtn, Name = "draft" };
        var builder = new PackageBuilder(plain, source, model, draft, draft)
        {
            Rounding = rounding,
        };
        builder.Build(progress: null, cancel);
        SpentMemory.GiveBack();
        progress?.Invoke(DraftPercent);
        using var package = LoadedPackage.Open(draft);
        return options.Calibration is { } file
            ? CalibrationText.FromFile(package, file)
            : CalibrationText.Default(package, tokens => progress?.Invoke(DraftPercent + ((TextPercent - DraftPercent)
                * tokens / (CalibrationText.Windows * CalibrationText.Window))), cancel);
    }
}
