using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>Answers one request: prefill in chunks, then token by token, each as the plan in force wants it.</summary>
/// <remarks>
/// The one loop of the product: `run`, `ask` and the allocation test all go through it. Between any two steps it looks
/// at deadline, cancel and plan; it allocates nothing per token.
/// </remarks>
internal sealed class PromptRun
{
    /// <summary>A chunk of a prompt is to take no longer, so that cancel and deadline are always near.</summary>
    private static readonly TimeSpan LongestChunk = TimeSpan.FromMilliseconds(250);

    private const int FirstChunkTokens = 64;

    private readonly ServedModel _model;
    private readonly PromptTicket _ticket;
    private readonly Generation _generation;
    private readonly RequestLevels _levels;
    private readonly PlanInForce _inForce;
    private readonly Pauses _pauses;
    private readonly Action<TimeSpan> _wait;
    private readonly Func<bool> _mustEnd;
    private readonly Action _beat;
    private readonly TimeProvider _time;

    public PromptRun(
        ServedModel model, PromptTicket ticket, PlanInForce inForce, Pauses pauses, Action beat, TimeProvider time)
    {
        (_model, _ticket, _inForce, _pauses, _beat, _time) = (model, ticket, inForce, pauses, beat, time);
        _wait = ticket.Pause;
        _levels = new RequestLevels(model, ticket);
        _mustEnd = MustEnd;
        var context = Math.Max(1, (int)(model.Engine.Context * inForce.Plan.ContextShare));
        _generation = new Generation(
            model.Package.Tokenizer, model.Manifest.StopTokens, model.Engine.VocabularySize,
            model.Package.EncodePrompt(ticket.Request.Messages), context, Options(ticket.Request));
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
            if ((Interrupted() ?? DecodeOne()) is { } refusal)
            {
                return refusal;
            }
        }
        _model.Speeds.Answered(_generation.Count);
        return new PromptAnswer
        {
            Text = _generation.Text(),
            IsComplete = _generation.End == GenerationEnd.Stop,
            Level = _levels.Highest,
            LevelMean = _levels.Mean,
            LevelCause = _levels.Cause,
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
            var level = NextLevel(prompt.Length - past);
            if (MakeReady(level) is { } ended)
            {
                return ended;
            }
            var tokens = prompt.AsSpan(past, Math.Min(chunk, prompt.Length - past));
            var start = _time.GetTimestamp();
            _model.Engine.Extend(0, tokens, past, level);
            var took = _time.GetElapsedTime(start);
            _model.Speeds.Prefilled(level, tokens.Length, took);
            past += tokens.Length;
            chunk = NextChunk(tokens.Length, took);
            if (past == prompt.Length)
            {
                _generation.Accept(_model.Engine.Logits(0));
            }
            _levels.Ran(level, answerTokens: past == prompt.Length ? 1 : 0);
            _pauses.Ran(start, took);
        }
        return null;
    }

    private PromptRefusal? DecodeOne()
    {
        var level = NextLevel(promptLeft: 0);
        if (MakeReady(level) is { } ended)
        {
            return ended;
        }
        var start = _time.GetTimestamp();
        _model.Engine.Decode([_generation.Token], [_generation.Length - 1], level);
        var took = _time.GetElapsedTime(start);
        _model.Speeds.Decoded(level, took);
        _generation.Accept(_model.Engine.Logits(0));
        _levels.Ran(level, answerTokens: 1);
        _pauses.Ran(start, took);
        return null;
    }

    private int NextLevel(int promptLeft)
    {
        _beat();
        var plan = _inForce.Plan;
        _model.Sessions.Tend(plan);
        return _levels.Next(plan, promptLeft, _generation.Count);
    }

    /// <summary>Rests as the pace wants, and opens a level that no open one can stand in for.</summary>
    /// <returns>Why the request ends instead; else null.</returns>
    private PromptRefusal? MakeReady(int level)
    {
        _pauses.Rest(_wait, _mustEnd);
        if (!_model.Engine.IsOpen(level))
        {
            _model.Sessions.OpenNow(level, _mustEnd);
            return Interrupted();
        }
        return _ticket.Interruption;
    }

    /// <summary>Whether a wait must not go on, because somebody wants an end.</summary>
    private bool MustEnd()
    {
        _beat();
        return _ticket.Ended is not null;
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
