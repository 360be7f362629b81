using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>A tensor of the source, or some rows of it, that becomes rows of a stored matrix.</summary>
/// <param name="Rows">Of the whole tensor.</param>
internal sealed record MatrixPart(string Name, int Rows)
{
    public int First { get; init; }

    /// <summary>Rows from the first one on.</summary>
    public int Count { get; init; } = Rows;
}

/// <summary>Stores matrices that the source has quantized already as they are.</summary>
internal sealed class KeptMatrices(ITensorSource source)
{
    /// <summary>Stores the parts one below the other; null where one of them is not quantized in the source.</summary>
    /// <remarks>Files mix formats within one layer, so neighbours of another format become a further matrix.</remarks>
    public StoredMatrix? Store(WeightsFile file, string name, IReadOnlyList<MatrixPart> parts, int inputs)
    {
        var groups = new List<List<QuantizedMatrix>>();
        foreach (var part in parts)
        {
            if (source.ReadKept(part.Name, part.Rows, inputs) is not { } kept)
            {
                return null;
            }
            kept = part.Count == part.Rows ? kept : kept.Rows(part.First, part.Count);
            if (groups.Count == 0 || groups[^1][0].Format != kept.Format)
            {
                groups.Add([]);
            }
            groups[^1].Add(kept);
        }
        StoredMatrix? stored = null;
        for (var i = groups.Count - 1; i >= 0; i--)
        {
            var group = file.Append(i == 0 ? name : $"{name}.{i}", QuantizedMatrix.Join(groups[i]));
            stored = group with { Further = stored };
        }
        return stored;
    }
}
