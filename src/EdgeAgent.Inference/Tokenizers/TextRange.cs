namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Bytes of a text: from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
internal readonly record struct TextRange(int Start, int End);

/// <summary>Which parts of a text a template wrote, so that special tokens count there.</summary>
internal readonly ref struct TemplateRanges
{
    private readonly ReadOnlySpan<TextRange> _ranges;
    private readonly bool _all;

    private TemplateRanges(ReadOnlySpan<TextRange> ranges, bool all)
    {
        _ranges = ranges;
        _all = all;
    }

    /// <summary>The whole text.</summary>
    public static TemplateRanges All => new(default, all: true);

    /// <summary>Nothing.</summary>
    public static TemplateRanges None => default;

    /// <summary>Ranges in order, none touching the next.</summary>
    public static TemplateRanges Of(ReadOnlySpan<TextRange> ranges) => new(ranges, all: false);

    /// <summary>True when one range of the template holds all of this.</summary>
    public bool Contains(TextRange range)
    {
        if (_all)
        {
            return true;
        }
        var (low, high) = (0, _ranges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _ranges[middle].End < range.End ? (middle + 1, high) : (low, middle);
        }
        return low < _ranges.Length && _ranges[low].Start <= range.Start;
    }

    /// <summary>The next place behind <paramref name="at"/> where template text begins or ends, or the limit.</summary>
    public int BorderBehind(int at, int limit, out bool fromTemplate)
    {
        fromTemplate = _all;
        if (_all)
        {
            return limit;
        }
        foreach (var range in _ranges)
        {
            if (at < range.Start)
            {
                return Math.Min(range.Start, limit);
            }
            if (at < range.End)
            {
                fromTemplate = true;
                return Math.Min(range.End, limit);
            }
        }
        return limit;
    }
}
