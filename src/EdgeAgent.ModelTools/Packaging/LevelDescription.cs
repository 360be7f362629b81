using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Counts what each level computes and reads.</summary>
internal static class LevelDescription
{
    public static PruningLevel[] Describe(
        DecoderConfig model, ModelWeights weights, IReadOnlyList<IReadOnlyList<int>> levels)
    {
        var full = BodyMultiplications(model, levels[0]);
        return levels.Select((channels, i) => new PruningLevel
        {
            Level = i,
            FfnChannels = channels,
            BodyMultiplications = BodyMultiplications(model, channels),
            BodyShare = Math.Round((double)BodyMultiplications(model, channels) / full, 4),
            BytesPerToken = BytesPerToken(weights, channels),
        }).ToArray();
    }

    /// <summary>Bits that a weight of the body takes on average, scales and zero points included.</summary>
    public static double BodyBits(ModelWeights weights, IReadOnlyList<int> channels)
    {
        var matrices = weights.Layers.SelectMany((layer, i) => new[]
        {
            layer.Qkv, layer.Output, layer.Gate, layer.Up, layer.Down[channels[i]],
        }).ToArray();
        return 8.0 * matrices.Sum(matrix => matrix.SizeBytes) / matrices.Sum(matrix => matrix.Outputs * matrix.Inputs);
    }

    private static long BodyMultiplications(DecoderConfig model, IReadOnlyList<int> channels)
    {
        long attention = 2L * model.HiddenSize * model.HeadDimensions * (model.Heads + model.KvHeads);
        return (attention * model.Layers) + channels.Sum(width => 3L * model.HiddenSize * width);
    }

    private static long BytesPerToken(ModelWeights weights, IReadOnlyList<int> channels) =>
        weights.Head.SizeBytes + weights.Layers.Select((layer, i) => layer.Qkv.SizeBytes + layer.Output.SizeBytes
            + (channels[i] == 0 ? 0 : layer.Gate.FirstOutputs(channels[i]).SizeBytes
                + layer.Up.FirstOutputs(channels[i]).SizeBytes + layer.Down[channels[i]].SizeBytes)).Sum();
}
