using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Reads <c>pre_tokenizer</c> into stages; what is not on the list is refused by name.</summary>
internal static class PreTokenizerReader
{
    public static PreTokenizer[] Read(ReadOnlySpan<byte> json)
    {
        var stages = new List<PreTokenizer>();
        if (JsonPart.Read(json, "pre_tokenizer") is { } part)
        {
            AddTo(stages, part);
        }
        return [.. stages];
    }

    private static void AddTo(List<PreTokenizer> stages, JsonPart part)
    {
        switch (part.Type)
        {
            case "Sequence":
                part.Objects("pretokenizers", TokenizerLimits.SequenceLength).ForEach(member => AddTo(stages, member));
                break;
            case "Digits":
                stages.Add(new DigitsPreTokenizer(part.Flag("individual_digits", false)));
                break;
            case "Split":
                stages.Add(ReadSplit(part));
                break;
            case "ByteLevel":
                if (part.Flag("add_prefix_space", true))
                {
                    throw part.Unsupported("add_prefix_space");
                }
                if (part.Flag("use_regex", true))
                {
                    stages.Add(new PatternPreTokenizer(KnownPatterns.Find(KnownPatterns.Gpt2)!));
                }
                break;
            default:
                throw part.Unsupported($"type {part.Type}");
        }
        if (stages.Count > TokenizerLimits.SequenceLength)
        {
            throw part.Unsupported($"a sequence of more than {TokenizerLimits.SequenceLength} stages");
        }
    }

    private static PreTokenizer ReadSplit(JsonPart part)
    {
        var behavior = part.RequiredText("behavior");
        var pattern = part.Object("pattern") ?? throw part.Unsupported("a split without pattern");
        if (part.Flag("invert", false))
        {
            throw part.Unsupported("invert");
        }
        if (pattern.Text("Regex") is { } regex)
        {
            var scanner = KnownPatterns.Find(regex)
                ?? throw part.Unsupported($"the regular expression {regex}, which is not on the list of known ones,");
            return behavior == "Isolated"
                ? new PatternPreTokenizer(scanner)
                : throw part.Unsupported($"behavior {behavior} of a regular expression");
        }
        var literal = pattern.RequiredText("String");
        return (behavior, literal) switch
        {
            (_, "") => throw part.Unsupported("an empty pattern"),
            ("MergedWithPrevious", _) => new LiteralPreTokenizer(Encoding.UTF8.GetBytes(literal), cutBehind: true),
            ("MergedWithNext", _) => new LiteralPreTokenizer(Encoding.UTF8.GetBytes(literal), cutBehind: false),
            _ => throw part.Unsupported($"behavior {behavior} of a string"),
        };
    }
}
