namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Merges the symbols of one piece of text into tokens, lowest rank first, leftmost first.</summary>
/// <remarks>
/// Short pieces are scanned again after every merge: a dozen symbols fit in a cache line or two, and no queue beats
/// that. Long pieces (a megabyte of one letter, or whole texts in SentencePiece style) use a heap over a linked list:
/// n log n. One instance serves one caller at a time.
/// </remarks>
internal sealed class BytePairMerger(MergeTable merges)
{
    /// <summary>Up to so many symbols a piece is scanned.</summary>
    internal const int ShortSymbols = 48;

    private int[] _ids = new int[64];
    private int[] _ranks = new int[64];
    private int[] _previous = [];
    private int[] _next = [];
    private ulong[] _heap = [];
    private int _heapCount;
    private int _count;

    /// <summary>Starts a new piece.</summary>
    public void Clear() => _count = 0;

    /// <summary>Appends one symbol to the piece.</summary>
    public void Append(int id)
    {
        if (_count == _ids.Length)
        {
            Array.Resize(ref _ids, _count * 2);
        }
        _ids[_count++] = id;
    }

    /// <summary>Merges what was appended and adds the tokens to the output.</summary>
    public void Merge(List<int> output)
    {
        if (_count <= ShortSymbols)
        {
            MergeByScan();
        }
        else
        {
            MergeByHeap();
        }
        output.AddRange(_ids.AsSpan(0, _count));
    }

    internal void MergeByScan()
    {
        if (_ranks.Length < _ids.Length)
        {
            _ranks = new int[_ids.Length];
        }
        var ids = _ids.AsSpan();
        var ranks = _ranks.AsSpan();                     // ranks[i]: of the pair (i, i + 1)
        for (var i = 0; i + 1 < _count; i++)
        {
            ranks[i] = merges.Rank(ids[i], ids[i + 1]);
        }
        while (_count > 1)
        {
            var best = 0;
            for (var i = 1; i + 1 < _count; i++)
            {
                best = ranks[i] < ranks[best] ? i : best;
            }
            if (ranks[best] == MergeTable.None)
            {
                return;
            }
            ids[best] = merges.Result(ranks[best]);
            ids[(best + 2).._count].CopyTo(ids[(best + 1)..]);
            ranks[(best + 1).._count].CopyTo(ranks[best..]);
            _count--;
            if (best > 0)
            {
                ranks[best - 1] = merges.Rank(ids[best - 1], ids[best]);
            }
            if (best + 1 < _count)
            {
                ranks[best] = merges.Rank(ids[best], ids[best + 1]);
            }
        }
    }

    internal void MergeByHeap()
    {
        Link();
        while (_heapCount > 0)
        {
            var top = Pop();
            var (rank, left) = ((int)(top >> 32), (int)(uint)top);
            var right = _ids[left] < 0 ? -1 : _next[left];
            // Stale: one side has merged with something else since this pair was queued.
            if (right < 0 || merges.Rank(_ids[left], _ids[right]) != rank)
            {
                continue;
            }
            _ids[left] = merges.Result(rank);
            _ids[right] = -1;
            var after = _next[left] = _next[right];
            if (after >= 0)
            {
                _previous[after] = left;
                Push(left, after);
            }
            if (_previous[left] >= 0)
            {
                Push(_previous[left], left);
            }
        }
        Compact();
    }

    private void Link()
    {
        if (_next.Length < _count)
        {
            _next = new int[_ids.Length];
            _previous = new int[_ids.Length];
            // Every symbol queues one pair at first, every merge two more.
            _heap = new ulong[_ids.Length * 3];
        }
        _heapCount = 0;
        for (var i = 0; i < _count; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1 < _count ? i + 1 : -1;
        }
        for (var i = 0; i + 1 < _count; i++)
        {
            Push(i, i + 1);
        }
    }

    private void Compact()
    {
        var kept = 0;
        for (var i = 0; i >= 0; i = _next[i])
        {
            _ids[kept++] = _ids[i];
        }
        _count = kept;
    }

    private void Push(int left, int right)
    {
        var rank = merges.Rank(_ids[left], _ids[right]);
        if (rank == MergeTable.None)
        {
            return;
        }
        var entry = (ulong)(uint)rank << 32 | (uint)left;
        var at = _heapCount++;
        while (at > 0 && _heap[(at - 1) / 2] > entry)
        {
            _heap[at] = _heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        _heap[at] = entry;
    }

    private ulong Pop()
    {
        var top = _heap[0];
        var last = _heap[--_heapCount];
        var at = 0;
        for (var child = 1; child < _heapCount; child = 2 * at + 1)
        {
            if (child + 1 < _heapCount && _heap[child + 1] < _heap[child])
            {
                child++;
            }
            if (_heap[child] >= last)
            {
                break;
            }
            _heap[at] = _heap[child];
            at = child;
        }
        _heap[at] = last;
        return top;
    }
}
