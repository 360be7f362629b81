using System.Runtime.InteropServices;
using EdgeAgent.Inference.Graphs.Onnx;
using Google.Protobuf;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>Builds one ONNX model node by node; weights stay outside, in the package's data file.</summary>
/// <param name="weightsAsInputs">Tensors of the data file become inputs, for graphs that calibration runs.</param>
internal sealed class OnnxGraph(string name, bool weightsAsInputs = false)
{
    /// <summary>Domain of ONNX Runtime's own operators.</summary>
    public const string Contrib = "com.microsoft";

    private const int IrVersion = 10;
    private const int OnnxOpset = 21;

    private readonly GraphProto _graph = new() { Name = name };
    private readonly HashSet<string> _made = new(StringComparer.Ordinal);
    private readonly HashSet<string> _initializers = new(StringComparer.Ordinal);

    /// <summary>Declares an input; a dimension is a number, or a name where it varies.</summary>
    public string Input(string name, TensorProto.Types.DataType type, params object[] shape)
    {
        _graph.Input.Add(Value(name, type, shape));
        return name;
    }

    /// <summary>Declares an input that takes a scalar as well as a list of one.</summary>
    public void InputOfAnyRank(string name, TensorProto.Types.DataType type) => _graph.Input.Add(new ValueInfoProto
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } },
    });

    /// <summary>Makes a value of the graph an output, whatever its shape.</summary>
    public void OutputOfAnyRank(string name, TensorProto.Types.DataType type) => _graph.Output.Add(new ValueInfoProto
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } },
    });

    public void Output(string name, TensorProto.Types.DataType type, params object[] shape) =>
        _graph.Output.Add(Value(name, type, shape));

    /// <summary>Names a tensor of the data file; naming it twice is fine.</summary>
    public string External(StoredTensor tensor)
    {
        if (!_initializers.Add(tensor.Name))
        {
            return tensor.Name;
        }
        if (weightsAsInputs)
        {
            Input(tensor.Name, tensor.Type, [.. tensor.Shape.Cast<object>()]);
        }
        else
        {
            var proto = new TensorProto
            {
                Name = tensor.Name,
                DataType = tensor.Type,
                DataLocation = TensorProto.Types.DataLocation.External,
            };
            proto.Dims.Add(tensor.Shape);
            proto.ExternalData.Add(Entry("location", WeightsFile.FileName));
            proto.ExternalData.Add(Entry("offset", $"{tensor.Offset}"));
            proto.ExternalData.Add(Entry("length", $"{tensor.LengthBytes}"));
            _graph.Initializer.Add(proto);
        }
        return tensor.Name;
    }

    /// <summary>A small int64 constant inside the graph file, of the given shape (none: a scalar).</summary>
    public string Constant(string name, long[] values, params long[] shape) =>
        Constant(name, TensorProto.Types.DataType.Int64, MemoryMarshal.AsBytes(values.AsSpan()), shape);

    /// <summary>A scalar inside the graph file.</summary>
    public string Constant(string name, float value) => Constant(
        name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)), []);

    private string Constant(string name, TensorProto.Types.DataType type, ReadOnlySpan<byte> bytes, long[] shape)
    {
        if (_initializers.Add(name))
        {
            var proto = new TensorProto { Name = name, DataType = type, RawData = ByteString.CopyFrom(bytes) };
            proto.Dims.Add(shape);
            _graph.Initializer.Add(proto);
        }
        return name;
    }

    /// <summary>Whether a node of this graph makes the output already.</summary>
    public bool Makes(string output) => _made.Contains(output);

    /// <summary>Adds a node with one output and returns that output's name.</summary>
    public string Node(string type, string domain, string output, string[] inputs, params AttributeProto[] attributes)
    {
        Node(type, domain, [output], inputs, attributes);
        return output;
    }

    /// <summary>Adds a node; an empty name stands for an optional input or output that is absent.</summary>
    public void Node(string type, string domain, string[] outputs, string[] inputs, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = type, Domain = domain, Name = outputs.First(o => o.Length > 0) };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        _made.UnionWith(outputs);
        node.Attribute.Add(attributes);
        _graph.Node.Add(node);
    }

    /// <summary>The graph alone, as the branch of an <c>If</c>.</summary>
    public GraphProto Branch() => _graph;

    public ModelProto Model()
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "EdgeAgent", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = OnnxOpset });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = Contrib, Version = 1 });
        return model;
    }

    public static AttributeProto Int(string name, long value) =>
        new() { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    public static AttributeProto Float(string name, float value) =>
        new() { Name = name, F = value, Type = AttributeProto.Types.AttributeType.Float };

    public static AttributeProto Graph(string name, GraphProto value) =>
        new() { Name = name, G = value, Type = AttributeProto.Types.AttributeType.Graph };

    private static StringStringEntryProto Entry(string key, string value) => new() { Key = key, Value = value };

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, object[] dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (var dimension in dimensions)
        {
            shape.Dim.Add(dimension is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(dimension) });
        }
        var tensor = new TypeProto.Types.Tensor { ElemType = type, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
