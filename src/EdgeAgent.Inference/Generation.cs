using System.Text;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Inference;

/// <summary>Why an answer ended.</summary>
public enum GenerationEnd
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>The model ended it, or a stop string came.</summary>
    Stop,

    /// <summary>Its token limit or the context was reached.</summary>
    Length,
}

/// <summary>What one answer is bounded by.</summary>
public sealed record GenerationOptions
{
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Tokens to produce at most, at least 1.</summary>
    public int MaximumTokens { get; init; } = 512;

    /// <summary>Texts that end the answer and are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];
}

/// <summary>One answer in the making: chooses its tokens and knows when it ends.</summary>
/// <remarks>
/// Allocates nothing per token. It runs no step itself: the owner of the loop feeds <see cref="Prompt"/> and then each
/// <see cref="Token"/> to the
/// engine, and hands the logits of the last token to <see cref="Accept"/>.
/// </remarks>
public sealed class Generation
{
    private readonly Tokenizer _tokenizer;
    private readonly IReadOnlyList<int> _stopTokens;
    private readonly Sampler _sampler;
    private readonly StopTexts _stopTexts;
    private readonly int[] _tokens;

    /// <param name="context">The longest sequence, prompt and answer together, in tokens.</param>
    /// <exception cref="InferenceException">The prompt leaves no room for a token in the context.</exception>
    public Generation(
        Tokenizer tokenizer, IReadOnlyList<int> stopTokens, int vocabularySize, int[] prompt, int context,
        GenerationOptions options)
    {
        if (prompt.Length >= context)
        {
            throw new InferenceException(InferenceFault.ContextExceeded,
                $"The prompt has {prompt.Length} tokens; the context of {context} tokens holds prompt and answer. "
                + "Shorten the prompt.");
        }
        (_tokenizer, _stopTokens, Prompt) = (tokenizer, stopTokens, prompt);
        _sampler = new Sampler(options.Sampling, vocabularySize);
        _stopTexts = new StopTexts(tokenizer, options.Stop);
        _tokens = new int[Math.Min(options.MaximumTokens, context - prompt.Length)];
    }

    public int[] Prompt { get; }

    /// <summary>The token that was chosen last and is to be fed to the engine next.</summary>
    public int Token { get; private set; }

    /// <summary>Tokens that were produced, the one that ended the answer included.</summary>
    public int Count { get; private set; }

    public GenerationEnd End { get; private set; }

    /// <summary>The tokens that were produced, the one that ended the answer included.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    /// <summary>Tokens that the sequence holds once <see cref="Token"/> has been fed.</summary>
    public int Length => Prompt.Length + Count;

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">[V] after the last token of the prompt, or after <see cref="Token"/>.</param>
    /// <exception cref="InferenceException">The logits are not finite numbers.</exception>
    public void Accept(ReadOnlySpan<float> logits)
    {
        Token = _sampler.Sample(logits);
        _tokens[Count++] = Token;
        if (IsStopToken(Token) || _stopTexts.Found(Token))
        {
            End = GenerationEnd.Stop;
        }
        else if (Count == _tokens.Length)
        {
            End = GenerationEnd.Length;
        }
    }

    /// <summary>The answer so far, without special tokens and without the stop string.</summary>
    public string Text()
    {
        var text = _tokenizer.Decode(Tokens);
        if (_stopTexts.FoundAtByte is not { } cut)
        {
            return text;
        }
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Encoding.UTF8.GetString(utf8, 0, (int)Math.Min(cut, utf8.Length));
    }

    private bool IsStopToken(int token)
    {
        for (var i = 0; i < _stopTokens.Count; i++)
        {
            if (_stopTokens[i] == token)
            {
                return true;
            }
        }
        return false;
    }
}
