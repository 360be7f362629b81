using System.Security.Cryptography;
using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>A tensor of the data file as one graph names it; several names may share an offset.</summary>
internal sealed record StoredTensor(
    string Name, TensorProto.Types.DataType Type, long[] Shape, long Offset, long LengthBytes);

/// <summary>What is called with a tensor and its content.</summary>
internal delegate void AppendedTensor(StoredTensor tensor, ReadOnlySpan<byte> content);

/// <summary>Writes the one data file of a package from front to back, hashing as it goes.</summary>
internal sealed class WeightsFile(Stream output) : IDisposable
{
    public const string FileName = PackageManifest.WeightsFileName;

    /// <summary>Every tensor starts on a cache line, as the kernels' vector loads like it.</summary>
    private const int AlignmentBytes = 64;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position;

    private readonly List<StoredTensor> _tensors = [];

    public long SizeBytes => _position;

    /// <summary>Told of each tensor that is appended whole, with its content.</summary>
    public AppendedTensor? Appended { get; init; }

    /// <summary>What was appended, in order.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _tensors;

    /// <summary>Appends a tensor that is already in the layout of its operator.</summary>
    public StoredTensor Append(string name, TensorProto.Types.DataType type, long[] shape, ReadOnlySpan<byte> content)
    {
        var tensor = Begin(name, type, shape, content.Length);
        Write(content);
        Appended?.Invoke(tensor, content);
        return tensor;
    }

    /// <summary>Begins a tensor whose content follows by <see cref="Write"/>, of so many bytes.</summary>
    public StoredTensor Begin(string name, TensorProto.Types.DataType type, long[] shape, long lengthBytes)
    {
        Span<byte> padding = stackalloc byte[AlignmentBytes];
        padding.Clear();
        Write(padding[..(int)((AlignmentBytes - (_position % AlignmentBytes)) % AlignmentBytes)]);
        var tensor = new StoredTensor(name, type, shape, _position, lengthBytes);
        _tensors.Add(tensor);
        return tensor;
    }

    /// <summary>SHA-256 of everything written; ends the file.</summary>
    public byte[] Finish()
    {
        output.Flush();
        return _hash.GetHashAndReset();
    }

    public void Dispose() => _hash.Dispose();

    /// <summary>Goes on with the tensor that was begun.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        output.Write(bytes);
        _position += bytes.Length;
    }
}
