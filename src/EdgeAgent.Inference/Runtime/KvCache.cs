using EdgeAgent.ModelPackage;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAgent.Inference.Runtime;

/// <summary>
/// The one KV cache that every level reads and writes: [rows, heads, context, dimensions] for each part.
/// </summary>
/// <remarks>
/// The first rows are the sequences; one more row at the end is scratch, for warming sessions up. A part is the key or
/// the value of one layer. Only pages that were written are in memory. Layers with a window have room for the whole
/// context too: GroupQueryAttention writes a shared buffer at absolute positions and cannot go round in a smaller one.
/// </remarks>
internal sealed class KvCache : IDisposable
{
    private readonly ReservedMemory _memory;
    private readonly IReadOnlyList<KvLayer> _layers;
    private readonly int _context;
    private readonly int _rows;

    /// <summary>Where each part begins, relative to the memory, and how many bytes one row of it takes.</summary>
    private readonly (long Offset, long RowBytes)[] _parts;

    /// <summary>By first row and count.</summary>
    private readonly OrtValue[]?[,] _tensors;

    public KvCache(KvLayout layout, int context, int sequences)
    {
        _layers = layout.Layers;
        _context = context;
        _rows = sequences + 1;
        _parts = new (long, long)[2 * _layers.Count];
        var offset = 0L;
        for (var part = 0; part < _parts.Length; part++)
        {
            var layer = _layers[part / 2];
            var rowBytes = checked((long)layer.Heads * context * layer.Dimensions * sizeof(float));
            _parts[part] = (offset, rowBytes);
            offset = checked(offset + (rowBytes * _rows));
        }
        _memory = ReservedMemory.Reserve(offset);
        _tensors = new OrtValue[_rows, _rows + 1][];
        Names = Enumerable.Range(0, _parts.Length)
            .Select(p => $"{p / 2}.{(p % 2 == 0 ? "key" : "value")}").ToArray();
    }

    /// <summary>The row that belongs to no sequence.</summary>
    public int ScratchRow => _rows - 1;

    /// <summary>`0.key`, `0.value`, `1.key` …: what follows `past.` and `present.` in a graph.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// The tensors of neighbouring rows, [count, heads, context, dimensions] each, in the order of <see cref="Names"/>.
    /// </summary>
    public OrtValue[] Rows(int first, int count) => _tensors[first, count] ??= Tensors(first, count);

    /// <summary>Where a part of a row lies: key of layer n is part 2n, its value 2n + 1; for checks.</summary>
    public nint Address(int part, int row) =>
        _memory.Address + (nint)(_parts[part].Offset + (row * _parts[part].RowBytes));

    /// <summary>Moves a sequence of the given length to another row.</summary>
    public unsafe void Move(int from, int to, int length)
    {
        for (var part = 0; part < _parts.Length; part++)
        {
            var layer = _layers[part / 2];
            var (offset, rowBytes) = _parts[part];
            var headBytes = (long)_context * layer.Dimensions * sizeof(float);
            var usedBytes = (long)length * layer.Dimensions * sizeof(float);
            for (var head = 0; head < layer.Heads; head++)
            {
                var source = _memory.Address + (nint)(offset + (from * rowBytes) + (head * headBytes));
                var target = _memory.Address + (nint)(offset + (to * rowBytes) + (head * headBytes));
                Buffer.MemoryCopy((void*)source, (void*)target, usedBytes, usedBytes);
            }
        }
    }

    /// <summary>Forgets every sequence and gives the memory back.</summary>
    public void Clear() => _memory.GiveBack();

    public void Dispose()
    {
        foreach (var tensor in _tensors.OfType<OrtValue[]>().SelectMany(t => t))
        {
            tensor.Dispose();
        }
        _memory.Dispose();
    }

    private OrtValue[] Tensors(int firstRow, int count)
    {
        var tensors = new OrtValue[_parts.Length];
        for (var part = 0; part < tensors.Length; part++)
        {
            var layer = _layers[part / 2];
            var (offset, rowBytes) = _parts[part];
            tensors[part] = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, TensorElementType.Float,
                [count, layer.Heads, _context, layer.Dimensions],
                _memory.Address + (nint)(offset + (firstRow * rowBytes)), rowBytes * count);
        }
        return tensors;
    }
}
