using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What comes before a calibrated package is written: a draft that samples text, then the plan.</summary>
internal static class Calibration
{
    /// <summary>Share of the whole import that is done when the plan stands, in per cent.</summary>
    public const int Percent = 30;

    /// <summary>Parameters of the largest model whose draft has 8 bits.</summary>
    private const long LargestInt8 = 400_000_000;

    private const int DraftPercent = 2;
    private const int TextPercent = 12;

    /// <param name="draft">Folder for the draft, which is gone afterwards.</param>
    /// <exception cref="ModelToolsException">The source has no tokenizer, or the text is no use.</exception>
    public static CalibrationPlan Plan(ImportOptions options, IModelSource source, DecoderConfig model, string draft,
        Action<long>? progress, CancellationToken cancel)
    {
        try
        {
            var windows = Text(options, source, model, draft, progress, cancel);
            SpentMemory.GiveBack();
            return CalibrationPlanner.Make(options, source, model, windows, layers => progress?.Invoke(
                TextPercent + ((Percent - TextPercent) * layers / model.Layers)), cancel);
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
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
