using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;

namespace EdgeAgent.Serving;

/// <summary>Answers one request: prefill in chunks, then token by token, each at the level in force.</summary>
/// <remarks>
/// The one loop of the product: `run`, `ask` and the allocation test all go through it. Between any two steps it looks
/// at deadline, cancel and level; it allocates nothing per token.
/// </remarks>
internal sealed class PromptRun
{
    /// <summary>A chunk of a prompt is to take no longer, so that cancel and deadline are always near.</summary>
    private static readonly TimeSpan LongestChunk = TimeSpan.FromMilliseconds(250);

    private const int FirstChunkTokens = 64;

    private readonly ServedModel _model;
    private readonly PromptTicket _ticket;
    private readonly Generation _generation;
    private readonly LevelInForce _level;
    private readonly Action _beat;
    private readonly TimeProvider _time;

    private int _highestLevel;
    private long _levelSum;

    public PromptRun(ServedModel model, PromptTicket ticket, LevelInForce level, Action beat, TimeProvider time)
    {
        (_model, _ticket, _level, _beat, _time) = (model, ticket, level, beat, time);
        _generation = new Generation(
            model.Package.Tokenizer, model.Manifest.StopTokens, model.Engine.VocabularySize,
            model.Package.EncodePrompt(ticket.Request.Messages), model.Engine.Context, Options(ticket.Request));
    }

    /// <summary>Runs to the end of the answer, or to what ended it early.</summary>
    public PromptResult Run()
    {
        var queued = _ticket.Age;
        var start = _time.GetTimestamp();
        if (Prefill() is { } early)
        {
            return early;
        }
        var prefilled = _time.GetTimestamp();
        while (_generation.End == GenerationEnd.None)
        {
            if (Interrupted() is { } refusal)
            {
                return refusal;
            }
            DecodeOne();
        }
        return new PromptAnswer
        {
            Text = _generation.Text(),
            IsComplete = _generation.End == GenerationEnd.Stop,
            Level = _highestLevel,
            LevelMean = (double)_levelSum / _generation.Count,
            PromptTokens = _generation.Prompt.Length,
            CompletionTokens = _generation.Count,
            QueueTime = queued,
            PromptTime = _time.GetElapsedTime(start, prefilled),
            CompletionTime = _time.GetElapsedTime(prefilled),
        };
    }

    private static GenerationOptions Options(PromptRequest request) => new()
    {
        MaximumTokens = request.MaximumTokens,
        Stop = request.Stop,
        Sampling = new SamplingOptions
        {
            Temperature = request.Temperature,
            TopP = request.TopP,
            TopK = request.TopK,
            Seed = request.Seed,
        },
    };

    private PromptRefusal? Prefill()
    {
        var prompt = _generation.Prompt;
        var chunk = Math.Min(FirstChunkTokens, _model.Engine.ChunkTokens);
        for (var past = 0; past < prompt.Length;)
        {
            if (Interrupted() is { } refusal)
            {
                return refusal;
            }
            var level = NextLevel();
            var tokens = prompt.AsSpan(past, Math.Min(chunk, prompt.Length - past));
            var start = _time.GetTimestamp();
            _model.Engine.Extend(0, tokens, past, level);
            past += tokens.Length;
            chunk = NextChunk(tokens.Length, _time.GetElapsedTime(start));
            _highestLevel = Math.Max(_highestLevel, level);
            if (past == prompt.Length)
            {
                Accept(level);
            }
        }
        return null;
    }

    private void DecodeOne()
    {
        var level = NextLevel();
        _model.Engine.Decode([_generation.Token], [_generation.Length - 1], level);
        Accept(level);
    }

    private void Accept(int level)
    {
        _generation.Accept(_model.Engine.Logits(0));
        _highestLevel = Math.Max(_highestLevel, level);
        _levelSum += level;
    }

    /// <summary>The level in force, within what the request allows and the model has.</summary>
    private int NextLevel()
    {
        _beat();
        var (min, max) = _ticket.Request.Levels;
        return Math.Clamp(_level.Level, Math.Min(min, _model.HighestLevel), Math.Min(max, _model.HighestLevel));
    }

    private int NextChunk(int tokens, TimeSpan took) =>
        (int)Math.Clamp(tokens * (LongestChunk / 2 / took), 1, _model.Engine.ChunkTokens);

    private PromptRefusal? Interrupted()
    {
        if (_ticket.Interruption is { } interruption)
        {
            return interruption;
        }
        return _ticket.IsExpired
            ? new PromptRefusal(ServingFault.Expired,
                $"Not answered within {_ticket.Request.Timeout.TotalMilliseconds:0} ms ({_generation.Count} tokens "
                + "were produced). Allow more time, fewer tokens, or a higher pruning level.")
            : null;
    }
}

/// <summary>The pruning level that is in force for all requests; each request may narrow it.</summary>
internal sealed class LevelInForce
{
    private int _level;

    public int Level
    {
        get => Volatile.Read(ref _level);
        set => Volatile.Write(ref _level, value);
    }
}
