using System.Text;

namespace EdgeAgent.Inference.Templates;

/// <summary>A stretch of a text that ends at <paramref name="End"/>, and who wrote it.</summary>
internal readonly record struct TextRun(int End, bool FromTemplate);

/// <summary>A text that knows of each character whether the template or a message wrote it.</summary>
/// <remarks>Cutting and joining keep that knowledge. Where it cannot be kept, the text counts as a message's.</remarks>
internal sealed class TextValue : TemplateValue
{
    /// <summary>The empty text.</summary>
    public static readonly TextValue Empty = OfTemplate("");

    private readonly TextRun[] _runs;
    private bool? _hasSurrogates;
    private int _length = -1;

    public TextValue(string text, TextRun[] runs) => (Text, _runs) = (text, runs);

    /// <summary>The characters.</summary>
    public string Text { get; }

    public override string TypeName => "str";

    public override bool IsTrue => Text.Length > 0;

    /// <summary>Who wrote what, in order.</summary>
    public ReadOnlySpan<TextRun> Runs => _runs;

    /// <summary>True when no message wrote any of it.</summary>
    public bool IsTemplate => Array.TrueForAll(_runs, run => run.FromTemplate);

    /// <summary>Code points, as Python counts.</summary>
    public int Length => _length >= 0 ? _length
        : _length = HasSurrogates ? Text.Length - Text.Count(char.IsLowSurrogate) : Text.Length;

    private bool HasSurrogates => _hasSurrogates ??= Text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    /// <summary>Text that the template wrote.</summary>
    public static TextValue OfTemplate(string text) => new(text, [new TextRun(text.Length, true)]);

    /// <summary>Text that a message wrote.</summary>
    public static TextValue OfMessage(string text) => new(text, [new TextRun(text.Length, false)]);

    /// <summary>A text computed from this one alone.</summary>
    public TextValue Derive(string text)
    {
        if (text.Length == Text.Length)
        {
            return new TextValue(text, _runs);
        }
        return IsTemplate ? OfTemplate(text) : OfMessage(text);
    }

    /// <summary>A part, by index of char.</summary>
    public TextValue Part(int start, int length)
    {
        if (length == Text.Length)
        {
            return this;
        }
        var runs = new List<TextRun>();
        for (var i = RunAt(start); i < _runs.Length; i++)
        {
            var end = Math.Min(_runs[i].End, start + length) - start;
            runs.Add(new TextRun(end, _runs[i].FromTemplate));
            if (end == length)
            {
                break;
            }
        }
        return new TextValue(Text.Substring(start, length), [.. runs]);
    }

    /// <summary>Where the code point of this index begins.</summary>
    public int Offset(int codePoint)
    {
        if (!HasSurrogates)
        {
            return codePoint;
        }
        var at = 0;
        for (; codePoint > 0 && at < Text.Length; codePoint--)
        {
            at += char.IsSurrogatePair(Text, at) ? 2 : 1;
        }
        return at;
    }

    /// <summary>The code points, each a text.</summary>
    public IEnumerable<TextValue> Characters()
    {
        for (int at = 0, length; at < Text.Length; at += length)
        {
            length = at + 1 < Text.Length && char.IsSurrogatePair(Text, at) ? 2 : 1;
            yield return Part(at, length);
        }
    }

    private int RunAt(int position)
    {
        var (low, high) = (0, _runs.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _runs[middle].End <= position ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}

/// <summary>Puts texts together, within the limits of a rendering.</summary>
internal sealed class TextBuilder(RenderState state)
{
    private readonly StringBuilder _text = new();
    private readonly List<TextRun> _runs = [];

    /// <summary>Characters so far.</summary>
    public int Length => _text.Length;

    /// <summary>Appends a text with its knowledge of who wrote it.</summary>
    public TextBuilder Append(TextValue value)
    {
        var start = Grow(value.Text);
        foreach (var run in value.Runs)
        {
            Mark(start + run.End, run.FromTemplate);
        }
        return this;
    }

    /// <summary>Appends a text of one writer.</summary>
    public TextBuilder Append(string text, bool fromTemplate)
    {
        Mark(Grow(text) + text.Length, fromTemplate);
        return this;
    }

    /// <summary>The text.</summary>
    public TextValue ToValue() =>
        _runs.Count == 0 ? TextValue.Empty : new TextValue(_text.ToString(), [.. _runs]);

    /// <summary>The text as the spans of a prompt.</summary>
    public List<TemplateSpan> ToSpans()
    {
        var (text, start) = (_text.ToString(), 0);
        var spans = new List<TemplateSpan>(_runs.Count);
        foreach (var run in _runs)
        {
            spans.Add(new TemplateSpan(text[start..run.End], run.FromTemplate));
            start = run.End;
        }
        return spans;
    }

    private int Grow(string text)
    {
        RenderBudget.RequireLength((long)_text.Length + text.Length);
        state.Budget.Characters(text.Length);
        _text.Append(text);
        return _text.Length - text.Length;
    }

    private void Mark(int end, bool fromTemplate)
    {
        var last = _runs.Count - 1;
        if (end == (last < 0 ? 0 : _runs[last].End))
        {
            return;
        }
        if (last >= 0 && _runs[last].FromTemplate == fromTemplate)
        {
            _runs[last] = new TextRun(end, fromTemplate);
        }
        else
        {
            _runs.Add(new TextRun(end, fromTemplate));
        }
    }
}
