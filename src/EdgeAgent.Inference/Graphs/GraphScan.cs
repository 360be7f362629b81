using System.Globalization;
using EdgeAgent.Inference.Graphs.Onnx;
using Google.Protobuf;
using DataType = EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types.DataType;

namespace EdgeAgent.Inference.Graphs;

/// <summary>A tensor that a graph names in the data file.</summary>
internal sealed record ExternalTensor(string Name, DataType Type, long[] Shape, long Offset, long LengthBytes);

/// <summary>
/// Reads a graph before ONNX Runtime sees it: refuses what ours never hold, lists the outside tensors.
/// </summary>
/// <remarks>
/// A package may come from anywhere, and ONNX has many ways to reach other files or other code. So the message must be
/// exactly what our schema writes (no unknown field), from a closed list of operators, with one data file.
/// </remarks>
internal static class GraphScan
{
    public const int MaximumGraphBytes = 256 << 20;
    private const int MaximumNodes = 100_000;
    private const int MaximumNesting = 4;
    private const int MaximumInlineBytes = 64 << 10;

    private static readonly HashSet<string> KnownOperators = new(StringComparer.Ordinal)
    {
        "Add", "Concat", "Equal", "Gather", "If", "Mul", "ReduceSum", "Reshape", "SimplifiedLayerNormalization", "Size",
        "Split",
        "com.microsoft.FastGelu", "com.microsoft.FusedMatMul", "com.microsoft.GatherBlockQuantized",
        "com.microsoft.GroupQueryAttention", "com.microsoft.MatMulNBits", "com.microsoft.QuickGelu",
        "com.microsoft.SkipSimplifiedLayerNormalization",
    };

    /// <summary>The tensors that the graph takes from the data file.</summary>
    /// <exception cref="InferenceException">The graph holds something that no graph of ours holds.</exception>
    public static IReadOnlyList<ExternalTensor> Read(string file, byte[] graph, string dataFile, long dataBytes)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.WithDiscardUnknownFields(true).ParseFrom(graph);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw Refuse(file, $"it is no ONNX graph: {error.Message}");
        }
        if (!model.ToByteArray().AsSpan().SequenceEqual(graph))
        {
            throw Refuse(file, "it holds fields that no graph of ours has");
        }
        if (model.Graph is null)
        {
            throw Refuse(file, "it holds no graph");
        }
        CheckNodes(file, model.Graph, nesting: 0);
        return model.Graph.Initializer.Select(tensor => Check(file, tensor, dataFile, dataBytes))
            .OfType<ExternalTensor>().ToArray();
    }

    private static int CheckNodes(string file, GraphProto graph, int nesting)
    {
        if (nesting > MaximumNesting)
        {
            throw Refuse(file, $"branches are nested more than {MaximumNesting} deep");
        }
        if (nesting > 0 && graph.Initializer.Count > 0)
        {
            throw Refuse(file, "a branch holds tensors of its own");
        }
        var nodes = graph.Node.Count;
        foreach (var node in graph.Node)
        {
            var name = node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}";
            if (!KnownOperators.Contains(name))
            {
                throw Refuse(file, $"operator '{name}' is not one that this agent runs");
            }
            foreach (var attribute in node.Attribute)
            {
                if (attribute.T is not null)
                {
                    throw Refuse(file, $"node '{node.Name}' holds a tensor as attribute");
                }
                nodes += attribute.G is null ? 0 : CheckNodes(file, attribute.G, nesting + 1);
            }
        }
        return nodes <= MaximumNodes ? nodes : throw Refuse(file, $"more than {MaximumNodes} nodes");
    }

    private static ExternalTensor? Check(string file, TensorProto tensor, string dataFile, long dataBytes)
    {
        if (tensor.DataLocation == TensorProto.Types.DataLocation.Default)
        {
            return tensor.ExternalData.Count == 0 && tensor.RawData.Length <= MaximumInlineBytes
                ? null
                : throw Refuse(file, $"tensor '{tensor.Name}' in the graph is larger than {MaximumInlineBytes} bytes");
        }
        var entries = tensor.ExternalData.DistinctBy(e => e.Key)
            .ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
        if (tensor.ExternalData.Count != 3 || entries.GetValueOrDefault("location") != dataFile
            || !TryNumber(entries, "offset", out var offset) || !TryNumber(entries, "length", out var length)
            || length > dataBytes || offset > dataBytes - length)
        {
            throw Refuse(file, $"tensor '{tensor.Name}' does not lie within {dataFile}");
        }
        var size = (Int128)SizeOf(tensor.DataType);
        foreach (var dimension in tensor.Dims)
        {
            size = dimension < 0 || size > dataBytes ? -1 : size * dimension;
        }
        return size == length
            ? new ExternalTensor(tensor.Name, tensor.DataType, [.. tensor.Dims], offset, length)
            : throw Refuse(file, $"tensor '{tensor.Name}' has {length} bytes, which its shape does not fill");
    }

    private static bool TryNumber(Dictionary<string, string> entries, string key, out long number) =>
        long.TryParse(entries.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static int SizeOf(DataType type) => type switch
    {
        DataType.Uint8 or DataType.Bool => 1,
        DataType.Float or DataType.Int32 => 4,
        DataType.Int64 => 8,
        _ => -1,
    };

    private static InferenceException Refuse(string file, string why) =>
        new(InferenceFault.GraphRefused, $"{file}: {why}; it is not loaded.");
}
