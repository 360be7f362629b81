using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Reads <c>pre_tokenizer</c> into stages; what is not on the list is refused by name.</summary>
internal sealed class PreTokenizerReader
{
    private static readonly byte[] Blank = [(byte)' '];

    /// <summary>The cuts, in order.</summary>
    public List<PreTokenizer> Stages { get; } = [];

    /// <summary>What changes a section before it is cut.</summary>
    public List<TextNormalizer> Preparation { get; } = [];

    /// <summary>Tokens stand for bytes, not for characters.</summary>
    public bool ByteLevel { get; private set; }

    public static PreTokenizerReader Read(ReadOnlySpan<byte> json)
    {
        var reader = new PreTokenizerReader();
        if (JsonPart.Read(json, "pre_tokenizer") is { } part)
        {
            reader.Add(part);
        }
        return reader;
    }

    private void Add(JsonPart part)
    {
        if (ByteLevel || Stages.Count > TokenizerLimits.SequenceLength)
        {
            throw part.Unsupported("a stage behind ByteLevel, or so many stages,");
        }
        switch (part.Type)
        {
            case "Sequence":
                part.Objects("pretokenizers", TokenizerLimits.SequenceLength).ForEach(Add);
                break;
            case "Digits":
                Stages.Add(new DigitsPreTokenizer(part.Flag("individual_digits", false)));
                break;
            case "Split":
                Stages.Add(ReadSplit(part));
                break;
            case "ByteLevel":
                AddByteLevel(part);
                break;
            case "Metaspace":
                AddMetaspace(part);
                break;
            default:
                throw part.Unsupported($"type {part.Type}");
        }
    }

    private void AddByteLevel(JsonPart part)
    {
        ByteLevel = true;
        if (part.Flag("add_prefix_space", true))
        {
            RequireFirst(part);
            Preparation.Add(new PrependNormalizer(Blank, unlessThere: true));
        }
        if (part.Flag("use_regex", true))
        {
            Stages.Add(new PatternPreTokenizer(KnownPatterns.Find(KnownPatterns.Gpt2)!));
        }
    }

    private void AddMetaspace(JsonPart part)
    {
        RequireFirst(part);
        var replacement = Encoding.UTF8.GetBytes(part.RequiredText("replacement"));
        if (Encoding.UTF8.GetCharCount(replacement) != 1)
        {
            throw part.Unsupported("a replacement that is not one letter");
        }
        Preparation.Add(new ReplaceNormalizer(Blank, replacement));
        var scheme = part.Text("prepend_scheme") ?? (part.Flag("add_prefix_space", true) ? "always" : "never");
        if (scheme is "always" or "first")
        {
            Preparation.Add(new PrependNormalizer(replacement, onlyFirst: scheme == "first", unlessThere: true));
        }
        else if (scheme != "never")
        {
            throw part.Unsupported($"prepend_scheme {scheme}");
        }
        if (part.Flag("split", true))
        {
            Stages.Add(new LiteralPreTokenizer(replacement, cutBehind: false));
        }
    }

    // Behind a cut it would change every piece, which no published file wants.
    private void RequireFirst(JsonPart part)
    {
        if (Stages.Count > 0 || Preparation.Count > 0)
        {
            throw part.Unsupported($"{part.Type} with a prefix behind another stage");
        }
    }

    private static PreTokenizer ReadSplit(JsonPart part)
    {
        var behavior = part.RequiredText("behavior");
        var pattern = part.Object("pattern") ?? throw part.Unsupported("a split without pattern");
        var invert = part.Flag("invert", false);
        if (pattern.Text("Regex") is { } regex)
        {
            var scanner = KnownPatterns.Find(regex)
                ?? throw part.Unsupported($"the regular expression {regex}, which is not on the list of known ones,");
            // To remove what lies between matches is nothing to do where nothing lies there.
            var isolates = invert ? behavior == "Removed" && scanner.CoversAllText : behavior == "Isolated";
            return isolates
                ? new PatternPreTokenizer(scanner)
                : throw part.Unsupported($"behavior {behavior} (invert: {invert}) of a regular expression");
        }
        var literal = pattern.RequiredText("String");
        return (behavior, literal) switch
        {
            (_, "") => throw part.Unsupported("an empty pattern"),
            _ when invert => throw part.Unsupported("invert of a string"),
            ("MergedWithPrevious", _) => new LiteralPreTokenizer(Encoding.UTF8.GetBytes(literal), cutBehind: true),
            ("MergedWithNext", _) => new LiteralPreTokenizer(Encoding.UTF8.GetBytes(literal), cutBehind: false),
            _ => throw part.Unsupported($"behavior {behavior} of a string"),
        };
    }
}
