using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using EdgeAgent.Inference.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types.DataType;

namespace EdgeAgent.Inference.Runtime;

/// <summary>The data file of a package in memory, and one tensor for each place in it that graphs name.</summary>
internal sealed partial class WeightsMap : IDisposable
{
    private const int AdviseDontNeed = 4;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
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
        Address = (IntPtr)pointer;
    }

    public IntPtr Address { get; }

    public long LengthBytes { get; }

    /// <summary>The tensor that a graph names; sessions that name the same place get the same object.</summary>
    public OrtValue Tensor(ExternalTensor tensor)
    {
        var place = Place(tensor);
        if (!_tensors.TryGetValue(place, out var value))
        {
            value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, ElementType(tensor.Type),
                tensor.Shape, Address + (nint)tensor.Offset, tensor.LengthBytes);
            _tensors.Add(place, value);
        }
        return value;
    }

    /// <summary>Where and as what a tensor lies in the file: the same for graphs that share it.</summary>
    public static string Place(ExternalTensor tensor) =>
        $"{tensor.Offset}:{tensor.Type}:{string.Join('x', tensor.Shape)}";

    /// <summary>Gives the file's pages back that were read so far; whoever reads one again gets it again.</summary>
    /// <remarks>ONNX Runtime packs most matrices anew when a session is made and never looks here again.</remarks>
    public void GiveBack() => _ = Advise(Address, (nuint)LengthBytes, AdviseDontNeed);

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

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(IntPtr address, nuint length, int advice);

    private static TensorElementType ElementType(DataType type) => type switch
    {
        DataType.Uint8 => TensorElementType.UInt8,
        DataType.Int32 => TensorElementType.Int32,
        DataType.Int64 => TensorElementType.Int64,
        _ => TensorElementType.Float,
    };
}
