using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>A token that is cut out of the text before anything else, such as <c>&lt;|im_end|&gt;</c>.</summary>
internal sealed record AddedToken
{
    /// <summary>Its id.</summary>
    public required int Id { get; init; }

    /// <summary>Its text in UTF-8.</summary>
    public required byte[] Content { get; init; }

    /// <summary>It is no text but a mark: recognised in template text only, and hidden from people.</summary>
    public required bool Special { get; init; }

    /// <summary>Only where no letter, digit or underscore touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space before it along.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Takes the white space behind it along.</summary>
    public bool StripRight { get; init; }

    /// <summary>It is looked for in the normalized text.</summary>
    public bool Normalized { get; init; }

    /// <summary>What the token cuts out of any text: white space only.</summary>
    /// <remarks>
    /// Publishers mark runs of blanks as added tokens, and there a user's text must become what the model was
    /// trained on. Everything else that is cut out whole may be a mark, whether or not the file calls it special
    /// (DeepSeek's <c>&lt;｜User｜&gt;</c> is not), so in a user's text it stays text.
    /// </remarks>
    public bool IsBlank => string.IsNullOrWhiteSpace(Encoding.UTF8.GetString(Content));

    /// <summary>Reads one entry of <c>added_tokens</c>.</summary>
    public static AddedToken Read(JsonPart part)
    {
        var content = Encoding.UTF8.GetBytes(part.RequiredText("content"));
        if (content.Length is 0 or > TokenizerLimits.TokenBytes)
        {
            throw new TokenizerException(
                TokenizerFault.LimitExceeded,
                $"{part.Path}.content has {content.Length} bytes; 1 to {TokenizerLimits.TokenBytes} are allowed.");
        }
        var special = part.Flag("special", false);
        return new AddedToken
        {
            Id = part.Number("id"),
            Content = content,
            Special = special,
            SingleWord = part.Flag("single_word", false),
            StripLeft = part.Flag("lstrip", false),
            StripRight = part.Flag("rstrip", false),
            Normalized = part.Flag("normalized", !special),
        };
    }
}
