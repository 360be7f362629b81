namespace EdgeAgent.Inference.Templates;

/// <summary>The methods of a text, and the operations that filters share with them.</summary>
/// <remarks>What cuts or joins keeps who wrote what; so do changes of case, which change no length.</remarks>
internal static class TextMethods
{
    public static Func<RenderState, CallArguments, TemplateValue>? Find(TextValue text, string name) => name switch
    {
        "strip" => (state, arguments) => Strip(state, text, arguments, left: true, right: true),
        "lstrip" => (state, arguments) => Strip(state, text, arguments, left: true, right: false),
        "rstrip" => (state, arguments) => Strip(state, text, arguments, left: false, right: true),
        "upper" => (state, _) => Map(state, text, letters => letters.ToUpperInvariant()),
        "lower" => (state, _) => Map(state, text, Lower),
        "title" => (state, _) => Map(state, text, letters => Titled(letters, char.IsLetter)),
        "capitalize" => (state, _) => Map(state, text, Capitalized),
        "startswith" => (state, arguments) => Affix(state, text, arguments, atStart: true),
        "endswith" => (state, arguments) => Affix(state, text, arguments, atStart: false),
        "removeprefix" => (state, arguments) => Remove(state, text, arguments, atStart: true),
        "removesuffix" => (state, arguments) => Remove(state, text, arguments, atStart: false),
        "replace" => (state, arguments) => Replace(state, text, arguments),
        "split" => (state, arguments) => TextSplits.Split(state, text, arguments, fromRight: false),
        "rsplit" => (state, arguments) => TextSplits.Split(state, text, arguments, fromRight: true),
        "splitlines" => (state, _) => TextSplits.Lines(state, text),
        "partition" => (state, arguments) => TextSplits.Partition(state, text, arguments, last: false),
        "rpartition" => (state, arguments) => TextSplits.Partition(state, text, arguments, last: true),
        "join" => (state, arguments) => Join(state, text, Sequences.Items(state, arguments.Required(0, "iterable"))),
        "find" => (state, arguments) => IndexOf(state, text, arguments, last: false),
        "rfind" => (state, arguments) => IndexOf(state, text, arguments, last: true),
        "count" => (state, arguments) => Count(state, text, arguments),
        "isdigit" => (state, _) => IsAll(state, text, char.IsDigit),
        "isalpha" => (state, _) => IsAll(state, text, char.IsLetter),
        "isspace" => (state, _) => IsAll(state, text, IsSpace),
        "islower" => (state, _) => BoolValue.Of(IsCase(state, text, char.IsUpper)),
        "isupper" => (state, _) => BoolValue.Of(IsCase(state, text, char.IsLower)),
        "format" or "format_map" or "encode" or "center" or "ljust" or "rjust" or "zfill" or "expandtabs" or "casefold"
            or "swapcase" or "translate" or "isalnum" or "isascii" or "isdecimal" or "isidentifier" or "isnumeric"
            or "isprintable" or "istitle" or "index" or "rindex" =>
            throw new TemplateException(TemplateFault.Unsupported, $"the method '{name}' of a text is not supported."),
        _ => null,
    };

    /// <summary>True for a text with letters, none of them of the other case.</summary>
    public static bool IsCase(RenderState state, TextValue text, Func<char, bool> isOther)
    {
        state.Budget.Characters(text.Text.Length);
        return text.Text.Any(char.IsLetter) && !text.Text.Any(isOther);
    }

    /// <summary>White space as Python's strip sees it.</summary>
    public static bool IsSpace(char letter) => char.IsWhiteSpace(letter) || letter is >= '\x1c' and <= '\x1f';

    /// <summary>The length without the white space at the end.</summary>
    public static int TrimmedEnd(ReadOnlySpan<char> text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }
        return end;
    }

    public static TextValue Strip(RenderState state, TextValue text, CallArguments arguments, bool left, bool right)
    {
        var letters = arguments.Text(0, "chars")?.Text;
        state.Budget.Search(text.Text.Length, letters?.Length ?? 0);
        var strips = letters is null ? (Func<char, bool>)IsSpace : letters.Contains;
        var (start, end) = (0, text.Text.Length);
        while (left && start < end && strips(text.Text[start]))
        {
            start++;
        }
        while (right && end > start && strips(text.Text[end - 1]))
        {
            end--;
        }
        return text.Part(start, end - start);
    }

    /// <summary>Changes letters; most changes keep the length, and so who wrote what.</summary>
    public static TextValue Map(RenderState state, TextValue text, Func<string, string> change)
    {
        state.Budget.Characters(text.Text.Length);
        return text.Derive(change(text.Text));
    }

    /// <summary>All letters small.</summary>
    public static string Lower(string text) => string.Create(text.Length, text, (span, from) =>
        from.AsSpan().ToLowerInvariant(span));

    /// <summary>The first letter of the text large, the others small.</summary>
    public static string Capitalized(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + Lower(text[1..]);

    /// <summary>The first letter of every word large, the others small.</summary>
    public static string Titled(string text, Func<char, bool> isWord)
    {
        var letters = Lower(text).ToCharArray();
        for (var i = 0; i < letters.Length; i++)
        {
            if (isWord(letters[i]) && (i == 0 || !isWord(letters[i - 1])))
            {
                letters[i] = char.ToUpperInvariant(letters[i]);
            }
        }
        return new string(letters);
    }

    /// <summary>The texts of the items with this one between them.</summary>
    public static TextValue Join(RenderState state, TextValue separator, IReadOnlyList<TemplateValue> items)
    {
        var builder = new TextBuilder(state);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is not TextValue item)
            {
                throw new TemplateException(
                    TemplateFault.WrongType, $"sequence item {i}: expected str instance, {items[i].TypeName} found");
            }
            builder.Append(i > 0 ? separator : TextValue.Empty).Append(item);
        }
        return builder.ToValue();
    }

    public static TextValue Replace(RenderState state, TextValue text, CallArguments arguments)
    {
        var from = arguments.Text(0, "old") ?? throw Missing("old");
        var to = arguments.Text(1, "new") ?? throw Missing("new");
        var most = arguments.Number(2, "count", -1);
        var builder = new TextBuilder(state);
        if (from.Text.Length == 0)
        {
            throw new TemplateException(TemplateFault.Unsupported, "replacing the empty text");
        }
        state.Budget.Search(text.Text.Length, from.Text.Length);
        var at = 0;
        for (int found; most != 0 && (found = text.Text.IndexOf(from.Text, at, StringComparison.Ordinal)) >= 0; most--)
        {
            state.Budget.Steps();
            builder.Append(text.Part(at, found - at)).Append(to);
            at = found + from.Text.Length;
        }
        return builder.Append(text.Part(at, text.Text.Length - at)).ToValue();
    }

    private static BoolValue Affix(RenderState state, TextValue text, CallArguments arguments, bool atStart)
    {
        var affix = arguments.Required(0, "prefix");
        var candidates = affix is ListValue { IsTuple: true } several ? Sequences.Items(state, several) : [affix];
        return BoolValue.Of(candidates.Any(candidate => candidate is TextValue one
            ? HasAffix(state, text, one, atStart)
            : throw new TemplateException(
                TemplateFault.WrongType, $"the affix must be str or a tuple of str, not {candidate.TypeName}")));
    }

    private static bool HasAffix(RenderState state, TextValue text, TextValue affix, bool atStart)
    {
        state.Budget.Characters(Math.Min(text.Text.Length, affix.Text.Length));
        return atStart
            ? text.Text.StartsWith(affix.Text, StringComparison.Ordinal)
            : text.Text.EndsWith(affix.Text, StringComparison.Ordinal);
    }

    private static BoolValue IsAll(RenderState state, TextValue text, Func<char, bool> test)
    {
        state.Budget.Characters(text.Text.Length);
        return BoolValue.Of(text.Text.Length > 0 && text.Text.All(test));
    }

    private static TextValue Remove(RenderState state, TextValue text, CallArguments arguments, bool atStart)
    {
        var affix = arguments.Text(0, "prefix") ?? throw Missing("prefix");
        state.Budget.Characters(text.Text.Length);
        return HasAffix(state, text, affix, atStart)
            ? text.Part(atStart ? affix.Text.Length : 0, text.Text.Length - affix.Text.Length)
            : text;
    }

    private static IntValue IndexOf(RenderState state, TextValue text, CallArguments arguments, bool last)
    {
        var part = arguments.Text(0, "sub") ?? throw Missing("sub");
        arguments.RequireAtMost(1);
        state.Budget.Search(text.Text.Length, part.Text.Length);
        var found = last
            ? text.Text.LastIndexOf(part.Text, StringComparison.Ordinal)
            : text.Text.IndexOf(part.Text, StringComparison.Ordinal);
        return new IntValue(found < 0 ? -1 : text.Part(0, found).Length);
    }

    private static IntValue Count(RenderState state, TextValue text, CallArguments arguments)
    {
        var part = arguments.Text(0, "sub") ?? throw Missing("sub");
        state.Budget.Search(text.Text.Length, part.Text.Length);
        return new IntValue(part.Text.Length == 0 ? text.Length + 1 : text.Text.AsSpan().Count(part.Text));
    }

    private static TemplateException Missing(string name) =>
        new(TemplateFault.WrongType, $"the argument '{name}' must be str");
}
