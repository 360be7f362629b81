using System.Globalization;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>How tokens become text, as <c>decoder</c> says.</summary>
/// <param name="ByteLevel">Tokens are written in the byte alphabet.</param>
/// <param name="ByteTokens"><c>&lt;0x0A&gt;</c> is a byte.</param>
/// <param name="Replacements">Texts to replace inside every token, in order.</param>
/// <param name="BlanksCutAtStart">Blanks to cut from the beginning of the text.</param>
internal sealed record DecoderRules(
    bool ByteLevel, bool ByteTokens, IReadOnlyList<(string From, string To)> Replacements, int BlanksCutAtStart)
{
    /// <summary>The tokens as they become text.</summary>
    public TokenTable Decode(TokenTable tokens)
    {
        if (ByteLevel)
        {
            return tokens;
        }
        var decoded = new TokenTable();
        for (var id = 0; id < tokens.Size; id++)
        {
            if (tokens.Has(id))
            {
                decoded.Add(id, Decode(tokens.Bytes(id)), indexed: false);
            }
        }
        return decoded;
    }

    private byte[] Decode(ReadOnlySpan<byte> token)
    {
        var text = Encoding.UTF8.GetString(token);
        foreach (var (from, to) in Replacements)
        {
            text = text.Replace(from, to, StringComparison.Ordinal);
        }
        var isByte = ByteTokens && text is ['<', '0', 'x', _, _, '>'];
        return isByte && byte.TryParse(
            text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? [value]
            : Encoding.UTF8.GetBytes(text);
    }
}

/// <summary>Reads <c>decoder</c>; what is not on the list is refused by name.</summary>
internal static class DecoderReader
{
    public static DecoderRules Read(ReadOnlySpan<byte> json)
    {
        var decoder = JsonPart.Read(json, "decoder")
            ?? throw new TokenizerException(TokenizerFault.MissingField, "decoder is missing.");
        var rules = new DecoderRules(false, false, [], 0);
        var members = decoder.Type == "Sequence"
            ? decoder.Objects("decoders", TokenizerLimits.SequenceLength)
            : [decoder];
        foreach (var member in members)
        {
            rules = Add(rules, member);
        }
        if (rules.ByteLevel && members.Count > 1)
        {
            throw decoder.Unsupported("ByteLevel together with others");
        }
        return rules;
    }

    private static DecoderRules Add(DecoderRules rules, JsonPart part)
    {
        switch (part.Type)
        {
            case "ByteLevel":
                return rules with { ByteLevel = true };
            case "ByteFallback":
                return rules with { ByteTokens = true };
            case "Fuse":
                return rules;
            case "Replace" when !rules.ByteTokens && rules.BlanksCutAtStart == 0:
                var from = part.Object("pattern")?.Text("String");
                var to = part.RequiredText("content");
                if (string.IsNullOrEmpty(from) || to.Length > TokenizerLimits.ReplacementBytes)
                {
                    throw part.Unsupported("this pattern or content");
                }
                return rules with { Replacements = [.. rules.Replacements, (from, to)] };
            case "Strip":
                var blanks = part.Number("start");
                if (part.RequiredText("content") != " " || part.Number("stop") != 0 || blanks is < 0 or > 1)
                {
                    throw part.Unsupported("anything but one blank cut at the start");
                }
                return rules with { BlanksCutAtStart = blanks };
            default:
                throw part.Unsupported($"type {part.Type} at this place");
        }
    }
}
