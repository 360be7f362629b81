namespace EdgeAgent.ModelTools.Packaging;

/// <summary>What an operator asks of an import.</summary>
public sealed record ImportOptions
{
    /// <summary>The Hugging Face folder or the GGUF file.</summary>
    public required string Source { get; init; }

    /// <summary>The package folder to make; an older package there is replaced.</summary>
    public required string Output { get; init; }

    public QuantizationMethod Quantization { get; init; } = QuantizationMethod.Rtn;

    /// <summary>Text to calibrate on; null: prose of ours, and answers that the model writes.</summary>
    public string? Calibration { get; init; }

    /// <summary>Bits of a weight of the body on average, scales included, 4.5 to 9; for <see
    /// cref="QuantizationMethod.Auto"/>, GPTQ and AWQ.</summary>
    public double Bits { get; init; } = 5.5;

    /// <summary>Pruning levels to make for a model that brings none, 1 to 8; needs calibration.</summary>
    public int Levels { get; init; } = 1;

    /// <summary>Steps of training for each further level, 0 to 1000; 0: least squares alone.</summary>
    public int DistillationSteps { get; init; } = 24;

    /// <summary>Name in the manifest; default: the source folder's name.</summary>
    public string? Name { get; init; }

    /// <summary>Version in the manifest.</summary>
    public string Version { get; init; } = "1.0.0";

    /// <summary>SPDX expression; null: that of the package which is replaced, else what the source says.</summary>
    public string? Licence { get; init; }
}

/// <summary>How weights become what the package stores.</summary>
public enum QuantizationMethod
{
    /// <summary>Round to nearest, 4 bits, symmetric, blocks of 32.</summary>
    Rtn,

    /// <summary>What the source has quantized stays as it is; what it has in 16 or 32 bits gets 8.</summary>
    Keep,

    /// <summary>GPTQ: each column's error is handed on to the columns after it; one format.</summary>
    Gptq,

    /// <summary>AWQ: channels are scaled so that those that carry most are rounded finest; one format.</summary>
    Awq,

    /// <summary>GPTQ with the format of every matrix chosen by measured loss within a budget of bits.</summary>
    Auto,

    /// <summary>fp32, the same graphs, for checks.</summary>
    None,
}
