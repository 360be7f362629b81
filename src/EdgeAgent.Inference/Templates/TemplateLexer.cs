namespace EdgeAgent.Inference.Templates;

/// <summary>What a token of a template is.</summary>
internal enum TokenKind
{
    Data, BlockBegin, BlockEnd, VariableBegin, VariableEnd, Name, Text, Integer, Float, Operator, End,
}

/// <summary>A token with the line where it begins.</summary>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line)
{
    public bool Is(TokenKind kind, string text) => Kind == kind && Text == text;
}

/// <summary>Cuts a template into tokens, with white space handled as chat templates expect.</summary>
/// <remarks>
/// Jinja with trim_blocks (the line end behind a block or comment goes) and lstrip_blocks (blanks before one that
/// begins a line go), without keep_trailing_newline; a sign inside the tag overrides both.
/// </remarks>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _countedTo;
    private bool _lineStarting = true;

    private TemplateLexer(string source) => _source = source;

    /// <summary>The tokens of a template; the last is the end.</summary>
    public static List<TemplateToken> Tokenize(string template)
    {
        var source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new TemplateLexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (FindTag() is >= 0 and var tag)
        {
            switch (_source[tag + 1])
            {
                case '#':
                    AddData(tag, lstrip: true);
                    SkipComment();
                    break;
                case '{':
                    AddData(tag, lstrip: false);
                    AddExpression(TokenKind.VariableBegin, TokenKind.VariableEnd, "}}");
                    break;
                default:
                    AddData(tag, lstrip: true);
                    if (!TryAddRaw())
                    {
                        AddExpression(TokenKind.BlockBegin, TokenKind.BlockEnd, "%}");
                    }
                    break;
            }
        }
        Add(TokenKind.Data, _source[_at..]);
        Add(TokenKind.End, "");
    }

    private int FindTag()
    {
        for (var at = _at; (at = _source.IndexOf('{', at)) >= 0 && at + 1 < _source.Length; at++)
        {
            if (_source[at + 1] is '%' or '{' or '#')
            {
                return at;
            }
        }
        return -1;
    }

    /// <summary>Adds the text before a tag, and goes behind the tag's opening and sign.</summary>
    private void AddData(int tag, bool lstrip)
    {
        var text = _source[_at..tag];
        var sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : ' ';
        if (sign == '-')
        {
            text = text[..TextMethods.TrimmedEnd(text)];
        }
        else if (sign != '+' && lstrip)
        {
            var line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || _lineStarting) && TextMethods.TrimmedEnd(text.AsSpan(line)) == 0)
            {
                text = text[..line];
            }
        }
        Add(TokenKind.Data, text);
        _at = tag + (sign == ' ' ? 2 : 3);
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Fault("a comment has no end");
        }
        var sign = end > _at ? _source[end - 1] : ' ';
        EndTag(end + 2, sign, trimsLine: true);
    }

    private bool TryAddRaw()
    {
        var name = SkipSpace(_at);
        if (!HasAt(name, "raw"))
        {
            return false;
        }
        var close = SkipSpace(name + 3);
        var dash = HasAt(close, "-%}");
        if (!dash && !HasAt(close, "%}"))
        {
            return false;
        }
        EndTag(close + (dash ? 3 : 2), dash ? '-' : ' ', trimsLine: false);
        for (var at = _at; (at = _source.IndexOf("{%", at, StringComparison.Ordinal)) >= 0; at += 2)
        {
            var body = SkipSpace(at + 2 + (at + 2 < _source.Length && _source[at + 2] is '-' or '+' ? 1 : 0));
            var end = HasAt(body, "endraw") ? SkipSpace(body + 6) : _source.Length;
            var endSign = end < _source.Length && _source[end] is '-' or '+' ? _source[end] : ' ';
            end += endSign == ' ' ? 0 : 1;
            if (HasAt(end, "%}"))
            {
                AddData(at, lstrip: true);
                EndTag(end + 2, endSign, trimsLine: true);
                return true;
            }
        }
        throw Fault("a raw block has no end");
    }

    private void AddExpression(TokenKind begin, TokenKind end, string close)
    {
        Add(begin, "");
        var brackets = new Stack<char>();
        while (true)
        {
            _at = SkipSpace(_at);
            if (_at >= _source.Length)
            {
                throw Fault("a tag has no end");
            }
            var sign = _source[_at] is '-' or '+' && HasAt(_at + 1, close) ? _source[_at] : ' ';
            // A variable ends in "-}}" or "}}" only.
            var ends = (sign == ' ' || sign == '-' || close == "%}") && HasAt(_at + (sign == ' ' ? 0 : 1), close);
            if (brackets.Count == 0 && ends)
            {
                Add(end, "");
                EndTag(_at + close.Length + (sign == ' ' ? 0 : 1), sign, trimsLine: close == "%}");
                return;
            }
            AddToken(brackets);
        }
    }

    private void AddToken(Stack<char> brackets)
    {
        var start = _at;
        var kind = TokenScanner.Scan(_source, ref _at, out var text)
            ?? throw Fault($"unexpected char '{_source[start]}'");
        if (kind == TokenKind.Name && text.Length > TemplateLimits.NameLength)
        {
            throw new TemplateException(TemplateFault.LimitExceeded,
                $"line {_line}: a name has {text.Length} characters; the limit is {TemplateLimits.NameLength}.");
        }
        if (kind == TokenKind.Operator && text.Length == 1)
        {
            var opening = "([{".IndexOf(text[0], StringComparison.Ordinal);
            if (opening >= 0)
            {
                brackets.Push(")]}"[opening]);
                if (brackets.Count > TemplateLimits.SourceDepth)
                {
                    throw Fault($"more than {TemplateLimits.SourceDepth} brackets are open");
                }
            }
            else if (text[0] is ')' or ']' or '}' && (brackets.Count == 0 || brackets.Pop() != text[0]))
            {
                throw Fault($"unexpected '{text}'");
            }
        }
        Add(kind, text, start);
    }

    private void EndTag(int end, char sign, bool trimsLine)
    {
        if (sign == '-')
        {
            end = SkipSpace(end);
        }
        else if (sign != '+' && trimsLine && end < _source.Length && _source[end] == '\n')
        {
            end++;
        }
        _lineStarting = _source[end - 1] == '\n';
        _at = end;
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && TextMethods.IsSpace(_source[at]))
        {
            at++;
        }
        return at;
    }

    private bool HasAt(int at, string text) => string.CompareOrdinal(_source, at, text, 0, text.Length) == 0;

    private void Add(TokenKind kind, string text, int? start = null)
    {
        var upTo = start ?? _at;
        _line += _source.AsSpan(_countedTo, Math.Max(0, upTo - _countedTo)).Count('\n');
        _countedTo = Math.Max(_countedTo, upTo);
        if (kind != TokenKind.Data || text.Length > 0)
        {
            _tokens.Add(new TemplateToken(kind, text, _line));
        }
    }

    private TemplateException Fault(string what) =>
        new(TemplateFault.Syntax, $"line {_line}: {what}.");
}
