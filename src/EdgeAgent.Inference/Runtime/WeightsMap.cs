using System.IO.MemoryMappedFiles;
using EdgeAgent.Inference.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types.DataType;

namespace EdgeAgent.Inference.Runtime;

/// <summary>The data file of a package in memory, and one tensor for each place in it that graphs name.</summary>
internal sealed class WeightsMap : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly IntPtr _address;
    private readonly Dictionary<string, OrtValue> _tensors = new(StringComparer.Ordinal);

    /// <summary>Maps the very handle whose hash was checked, and owns it from here on.</summary>
    public unsafe WeightsMap(FileStream verified)
    {
        LengthBytes = verified.Length;
        _file = MemoryMappedFile.CreateFromFile(verified, null, 0, MemoryMappedFileAccess.Read,
            HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _address = (IntPtr)pointer;
    }

    public long LengthBytes { get; }

    /// <summary>The tensor that a graph names; sessions that name the same place get the same object.</summary>
    public OrtValue Tensor(ExternalTensor tensor)
    {
        var key = $"{tensor.Offset}:{tensor.Type}:{string.Join('x', tensor.Shape)}";
        if (!_tensors.TryGetValue(key, out var value))
        {
            value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, ElementType(tensor.Type),
                tensor.Shape, _address + (nint)tensor.Offset, tensor.LengthBytes);
            _tensors.Add(key, value);
        }
        return value;
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static TensorElementType ElementType(DataType type) => type switch
    {
        DataType.Uint8 => TensorElementType.UInt8,
        DataType.Int32 => TensorElementType.Int32,
        DataType.Int64 => TensorElementType.Int64,
        _ => TensorElementType.Float,
    };
}
