using EdgeAgent.Inference;
using EdgeAgent.Inference.Graphs;
using EdgeAgent.Inference.Graphs.Onnx;
using Google.Protobuf;

namespace EdgeAgent.Tests.Inference.Graphs;

/// <summary>A graph holds what ours hold and nothing else, or ONNX Runtime never sees it.</summary>
public sealed class GraphScanTests(ITestOutputHelper output)
{
    private const string Name = "level-3.onnx";
    private const string DataFile = "model.data";

    private static readonly byte[] Honest = File.ReadAllBytes(Path.Combine(NanoPackages.Embedded, Name));
    private static readonly long WeightBytes = new FileInfo(Path.Combine(NanoPackages.Embedded, DataFile)).Length;

    /// <summary>What makes an honest graph hostile, and the words that say so.</summary>
    private static readonly Dictionary<string, (Action<ModelProto> Change, string Says)> Changes = new()
    {
        ["unknown operator"] = (m => m.Graph.Node[3].OpType = "Loop", "Loop' is not one"),
        ["operator of another domain"] = (m => m.Graph.Node[0].Domain = "evil.org", "operator 'evil.org."),
        ["known name in the wrong domain"] = (m => m.Graph.Node[0].Domain = "", "is not one that this agent runs"),
        ["operator in a branch"] = (m => Branch(m).Node[0].OpType = "Scan", "Scan' is not one"),
        ["another data file"] = (m => External(m).ExternalData[0].Value = "../model.data", "does not lie within"),
        ["absolute data file"] = (m => External(m).ExternalData[0].Value = "/etc/passwd", "does not lie within"),
        ["no location"] = (m => External(m).ExternalData.RemoveAt(0), "does not lie within"),
        ["offset beyond the end"] = (m => External(m).ExternalData[1].Value = $"{WeightBytes}", "does not lie within"),
        ["negative offset"] = (m => External(m).ExternalData[1].Value = "-64", "does not lie within"),
        ["offset with a sign"] = (m => External(m).ExternalData[1].Value = "+64", "does not lie within"),
        ["offset that overflows"] =
            (m => External(m).ExternalData[1].Value = $"{long.MaxValue}", "does not lie within"),
        ["length beyond the end"] =
            (m => External(m).ExternalData[2].Value = $"{WeightBytes + 1}", "does not lie within"),
        ["key twice"] = (m => External(m).ExternalData.Add(External(m).ExternalData[1].Clone()), "does not lie within"),
        ["other key"] = (m => External(m).ExternalData[2].Key = "checksum", "does not lie within"),
        ["shape larger than its bytes"] = (m => External(m).Dims[0]++, "which its shape does not fill"),
        ["shape that overflows"] = (m => External(m).Dims.Add([long.MaxValue, long.MaxValue, 2]), "does not fill"),
        ["negative dimensions"] = (m => External(m).Dims.Add([-1, -1]), "does not fill"),
        ["unknown type"] = (m => External(m).DataType = (TensorProto.Types.DataType)10, "does not fill"),
        ["inline tensor with outside place"] = (m => External(m).DataLocation = 0, "in the graph is larger"),
        ["large tensor inside"] = (m => m.Graph.Initializer.Add(new TensorProto
        {
            Name = "big",
            RawData = ByteString.CopyFrom(new byte[(64 << 10) + 1]),
        }), "tensor 'big' in the graph is larger"),
        ["tensor as attribute"] = (m => m.Graph.Node[2].Attribute.Add(new AttributeProto { Name = "v", T = new() }),
            "holds a tensor as attribute"),
        ["tensors of a branch"] =
            (m => Branch(m).Initializer.Add(new TensorProto { Name = "x" }), "a branch holds tensors"),
        ["deep branches"] = (m => Nest(m, 6), "branches are nested more than 4 deep"),
        ["too many nodes"] = (m => m.Graph.Node.Add(Enumerable.Repeat(new NodeProto { OpType = "Add" }, 100_001)),
            "more than 100000 nodes"),
        ["no graph"] = (m => m.Graph = null, "it holds no graph"),
    };

    public static TheoryData<string> Hostile => [.. Changes.Keys];

    [Fact]
    public void An_honest_graph_names_its_outside_tensors_within_the_data_file()
    {
        var tensors = Read(Honest);
        Assert.True(tensors.Count > 40);
        Assert.All(tensors, tensor => Assert.InRange(tensor.Offset + tensor.LengthBytes, 1, WeightBytes));
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_graph_with_something_that_ours_never_hold_is_refused(string change)
    {
        var model = ModelProto.Parser.ParseFrom(Honest);
        Changes[change].Change(model);
        AssertRefused(model.ToByteArray(), Changes[change].Says);
    }

    [Fact]
    public void Fields_that_our_schema_does_not_have_are_refused()
    {
        // ModelProto.functions is field 25, ModelProto.training_info 20, NodeProto.overload 8.
        AssertRefused([.. Honest, 0xCA, 0x01, 0x00], "fields that no graph of ours has");
        AssertRefused([.. Honest, 0xA2, 0x01, 0x00], "fields that no graph of ours has");
    }

    [Fact]
    public void A_second_graph_that_would_be_merged_is_refused() =>
        AssertRefused([.. Honest, .. new ModelProto { Graph = new GraphProto { Name = "x" } }.ToByteArray()], "fields");

    [Fact]
    public void A_graph_cut_off_anywhere_is_refused()
    {
        for (var length = 0; length < Honest.Length; length += 97)
        {
            AssertRefused(Honest[..length], "");
        }
    }

    [Fact]
    public void Thousands_of_hostile_graphs_are_refused_or_read_and_nothing_else()
    {
        const int seed = 71;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var accepted = 0;
        for (var i = 0; i < 8_000; i++)
        {
            var bytes = Honest.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(bytes.Length);
                var until = Math.Min(bytes.Length, at + random.Next(1, 12));
                bytes = random.Next(4) switch
                {
                    0 => [.. bytes[..at], .. bytes[until..]],
                    1 => [.. bytes[..until], .. bytes[at..]],
                    _ => [.. bytes[..at], (byte)random.Next(256), .. bytes[(at + 1)..]],
                };
            }
            try
            {
                var tensors = Read(bytes);
                accepted++;
                Assert.All(tensors, tensor => Assert.InRange(tensor.Offset + tensor.LengthBytes, 0, WeightBytes));
            }
            catch (InferenceException error)
            {
                Assert.Equal(InferenceFault.GraphRefused, error.Fault);
            }
        }
        output.WriteLine($"{accepted} accepted");
        Assert.InRange(accepted, 40, 6_000);
    }

    private static IReadOnlyList<ExternalTensor> Read(byte[] graph) =>
        GraphScan.Read(Name, graph, DataFile, WeightBytes);

    private static void AssertRefused(byte[] graph, string says)
    {
        var error = Assert.Throws<InferenceException>(() => Read(graph));
        Assert.Equal(InferenceFault.GraphRefused, error.Fault);
        Assert.StartsWith(Name, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private static TensorProto External(ModelProto model) => model.Graph.Initializer
        .First(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External);

    private static GraphProto Branch(ModelProto model) =>
        model.Graph.Node.First(node => node.OpType == "If").Attribute[0].G;

    private static void Nest(ModelProto model, int depth)
    {
        var graph = model.Graph;
        for (; depth > 0; depth--)
        {
            var inner = new GraphProto();
            var node = new NodeProto { OpType = "If" };
            node.Attribute.Add(new AttributeProto { Name = "then_branch", G = inner });
            graph.Node.Add(node);
            graph = inner;
        }
    }
}
