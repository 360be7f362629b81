namespace EdgeAgent.Inference.Tokenizers;

/// <summary>The bytes of every token by id, and the id by bytes, without one object per token.</summary>
internal sealed class TokenTable
{
    private byte[] _bytes = new byte[1 << 14];
    private int _used;
    private int[] _starts = new int[1 << 10];
    private int[] _lengths = NewLengths(1 << 10);
    private int[] _slots = new int[1 << 11];
    private int _indexed;

    /// <summary>The highest id + 1.</summary>
    public int Size { get; private set; }

    /// <summary>The number of ids that have a token.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the longest token.</summary>
    public int LongestBytes { get; private set; }

    /// <summary>True when the id has a token.</summary>
    public bool Has(int id) => (uint)id < (uint)Size && _lengths[id] >= 0;

    /// <summary>The bytes of a token; empty for an id without one.</summary>
    public ReadOnlySpan<byte> Bytes(int id) =>
        Has(id) ? _bytes.AsSpan(_starts[id], _lengths[id]) : default;

    /// <summary>The id of these bytes among the indexed tokens, or -1.</summary>
    public int Find(ReadOnlySpan<byte> bytes)
    {
        var mask = _slots.Length - 1;
        for (var slot = Hash(bytes) & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            var id = _slots[slot] - 1;
            if (Bytes(id).SequenceEqual(bytes))
            {
                return id;
            }
        }
        return -1;
    }

    /// <summary>Adds a token whose id and bytes the caller has found to be new.</summary>
    public void Add(int id, ReadOnlySpan<byte> bytes, bool indexed)
    {
        GrowIds(id);
        if (_used + bytes.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + bytes.Length));
        }
        bytes.CopyTo(_bytes.AsSpan(_used));
        (_starts[id], _lengths[id]) = (_used, bytes.Length);
        _used += bytes.Length;
        Count++;
        LongestBytes = Math.Max(LongestBytes, bytes.Length);
        if (indexed)
        {
            Index(id);
        }
    }

    private void GrowIds(int id)
    {
        if (id >= _starts.Length)
        {
            var before = _starts.Length;
            var length = Math.Max(before * 2, id + 1);
            Array.Resize(ref _starts, length);
            Array.Resize(ref _lengths, length);
            _lengths.AsSpan(before).Fill(-1);
        }
        Size = Math.Max(Size, id + 1);
    }

    private void Index(int id)
    {
        if (++_indexed * 2 > _slots.Length)
        {
            var old = _slots;
            _slots = new int[old.Length * 2];
            foreach (var entry in old)
            {
                if (entry != 0)
                {
                    Place(entry - 1);
                }
            }
        }
        Place(id);
    }

    private void Place(int id)
    {
        var mask = _slots.Length - 1;
        var slot = Hash(Bytes(id)) & mask;
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & mask;
        }
        _slots[slot] = id + 1;
    }

    private static int[] NewLengths(int count)
    {
        var lengths = new int[count];
        Array.Fill(lengths, -1);
        return lengths;
    }

    // Seeded per process: a hostile vocabulary cannot aim for one slot.
    private static int Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
