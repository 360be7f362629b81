using EdgeAgent.ModelTools.Distil;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What calibration decided before the first weight is written.</summary>
/// <param name="Windows">The calibration text, in tokens.</param>
/// <param name="Orders">For each layer, the FFN channels in the order of their importance.</param>
/// <param name="Levels">FFN channels for each level and layer.</param>
/// <param name="CorrectsLevels">Each level gets a down projection that makes up for the channels it lacks; false: the
/// model was trained for its levels.</param>
/// <param name="Formats">Format of each matrix of the body, by its name in the package.</param>
internal sealed record CalibrationPlan(
    IReadOnlyList<int[]> Windows, IReadOnlyList<int[]> Orders, IReadOnlyList<IReadOnlyList<int>> Levels,
    bool CorrectsLevels, IReadOnlyDictionary<string, BlockFormat> Formats)
{
    /// <summary>What the channels of each layer are divided by; null: nothing.</summary>
    public IReadOnlyList<LayerScales>? Scales { get; init; }

    /// <summary>Down projections of the further levels, trained; null: each makes up for what it lacks by
    /// itself.</summary>
    public LevelDowns? Downs { get; init; }

    /// <summary>Hands each column's rounding error on to the columns after it (GPTQ).</summary>
    public bool HandsErrorsOn { get; init; } = true;

    /// <summary>The format of a matrix by its name; embedding and head have 8 bits, further levels' down projections
    /// the finest of 4.</summary>
    public BlockFormat FormatOf(string name) => Formats.GetValueOrDefault(name)
        ?? (name.StartsWith("layers.", StringComparison.Ordinal) ? BlockFormat.Int4 : BlockFormat.Int8);
}
