using System.Numerics;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Which two neighbouring tokens become which one, and how early (the rank).</summary>
internal sealed class MergeTable
{
    /// <summary>The rank of a pair that does not merge: later than every merge.</summary>
    public const int None = int.MaxValue;

    private readonly ulong[] _pairs;
    private readonly int[] _ranks;
    private readonly int[] _results;
    private readonly int _shift;
    private readonly ulong _factor;

    /// <summary>Makes room for so many merges.</summary>
    public MergeTable(int capacity)
    {
        var slots = BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2));
        _pairs = new ulong[slots];
        _ranks = new int[slots];
        _results = new int[capacity];
        _shift = 64 - BitOperations.Log2(slots);
        // Odd and seeded per process: a hostile list of merges cannot aim for one slot.
        _factor = ((ulong)HashCode.Combine(1) << 32 | (uint)HashCode.Combine(2)) | 1;
    }

    /// <summary>The token that the merge of this rank makes.</summary>
    public int Result(int rank) => _results[rank];

    /// <summary>The rank of the pair, or <see cref="None"/>.</summary>
    public int Rank(int left, int right)
    {
        var slot = Slot(Key(left, right));
        return _pairs[slot] == 0 ? None : _ranks[slot];
    }

    /// <summary>Adds a merge; of a pair that comes twice the later rank counts, as in the reference.</summary>
    public void Add(int left, int right, int rank, int result)
    {
        var key = Key(left, right);
        var slot = Slot(key);
        (_pairs[slot], _ranks[slot], _results[rank]) = (key, rank, result);
    }

    // Never 0, which marks an empty slot.
    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | ((uint)right + 1);

    private int Slot(ulong key)
    {
        var mask = _pairs.Length - 1;
        var slot = (int)((key ^ key >> 31) * _factor >> _shift);
        while (_pairs[slot] != 0 && _pairs[slot] != key)
        {
            slot = (slot + 1) & mask;
        }
        return slot;
    }
}
