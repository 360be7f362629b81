using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelPackage;
using Google.Protobuf;
using DataType = EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types.DataType;

namespace EdgeAgent.Benchmarks;

/// <summary>A symmetric package whose matrices say explicitly that their zero point is 8: same answers, other
/// kernels.</summary>
internal static class ZeroPointRewrite
{
    private const int Middle = 8;

    /// <summary>Copies a package of one level into a folder and gives each MatMulNBits of 4 bits zero points.</summary>
    /// <param name="asFloats">Zero points in fp32; else packed, two in a byte.</param>
    public static string Copy(string package, string folder, bool asFloats)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(package))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        var graphFile = Path.Combine(folder, "level-0.onnx");
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(graphFile));
        using (var weights = File.OpenWrite(Path.Combine(folder, PackageManifest.WeightsFileName)))
        {
            weights.Seek(0, SeekOrigin.End);
            foreach (var node in Nodes(model.Graph).Where(node => node.OpType == "MatMulNBits" && node.Input.Count == 3
                && Attribute(node, "bits") == 4).ToList())
            {
                node.Input.Add(Add(model.Graph, weights, node, asFloats));
            }
        }
        File.WriteAllBytes(graphFile, model.ToByteArray());
        Register(folder, "level-0.onnx", PackageManifest.WeightsFileName);
        return folder;
    }

    private static string Add(GraphProto graph, FileStream weights, NodeProto node, bool asFloats)
    {
        var (rows, blocks) = (Attribute(node, "N"), Attribute(node, "K") / Attribute(node, "block_size"));
        var bytes = asFloats
            ? MemoryMarshal.AsBytes(Enumerable.Repeat((float)Middle, (int)(rows * blocks)).ToArray().AsSpan()).ToArray()
            : Enumerable.Repeat((byte)(Middle | (Middle << 4)), (int)(rows * ((blocks + 1) / 2))).ToArray();
        weights.Seek((64 - (weights.Position % 64)) % 64, SeekOrigin.Current);
        var tensor = new TensorProto
        {
            Name = $"{node.Input[1]}.middle",
            DataType = asFloats ? DataType.Float : DataType.Uint8,
            DataLocation = TensorProto.Types.DataLocation.External,
        };
        tensor.Dims.Add(asFloats ? [rows, blocks] : [bytes.Length]);
        (string Key, string Value)[] place =
        [
            ("location", PackageManifest.WeightsFileName), ("offset", $"{weights.Position}"),
            ("length", $"{bytes.Length}"),
        ];
        foreach (var (key, value) in place)
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }
        graph.Initializer.Add(tensor);
        weights.Write(bytes);
        return tensor.Name;
    }

    private static void Register(string folder, params string[] changed)
    {
        var path = Path.Combine(folder, PackageManifest.FileName);
        var manifest = ManifestJson.Read(File.ReadAllBytes(path));
        File.WriteAllText(path, ManifestJson.Write(manifest with
        {
            Files = [.. manifest.Files.Select(file => changed.Contains(file.Name) ? Of(folder, file.Name) : file)],
        }));
    }

    private static PackageFile Of(string folder, string name)
    {
        var content = File.ReadAllBytes(Path.Combine(folder, name));
        return new PackageFile
        {
            Name = name,
            SizeBytes = content.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)),
        };
    }

    private static long Attribute(NodeProto node, string name) =>
        node.Attribute.Single(attribute => attribute.Name == name).I;

    private static IEnumerable<NodeProto> Nodes(GraphProto graph) => graph.Node.Concat(
        graph.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.G is not null)
            .SelectMany(attribute => Nodes(attribute.G)));
}
