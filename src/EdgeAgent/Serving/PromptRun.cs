using EdgeAgent.Inference;
using EdgeAgent.Inference.Sampling;
using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>One request while it is computed: what its sequence holds, its levels, and what ended it.</summary>
/// <remarks>It runs no step itself; <see cref="PromptBatch"/> does, and allocates nothing per token.</remarks>
internal sealed class PromptRun
{
    private readonly ServedModel _model;
    private readonly PromptTicket _ticket;
    private readonly Generation _generation;
    private readonly RequestLevels _levels;
    private readonly TimeProvider _time;
    private readonly TimeSpan _queued;
    private readonly long _start;
    private long _prefilledAt;
    private int _past;
    private double? _secondsPerToken;

    /// <summary>Encodes the prompt.</summary>
    /// <exception cref="InferenceException">The prompt does not fit into the context.</exception>
    /// <exception cref="Inference.Templates.TemplateException">The chat template refuses the messages.</exception>
    public PromptRun(
        ServedModel model, PromptTicket ticket, PruningPlan plan, EnergyAccount account, TimeProvider time)
    {
        (_ticket, Account, _time) = (ticket, account, time);
        (_queued, _start) = (ticket.Age, time.GetTimestamp());
        _model = model;
        _levels = new RequestLevels(model, ticket);
        var context = Math.Max(1, (int)(model.Engine.Context * plan.ContextShare));
        _generation = new Generation(
            model.Package.Tokenizer, model.Manifest.StopTokens, model.Engine.VocabularySize,
            model.Package.EncodePrompt(ticket.Request.Messages), context, Options(ticket.Request));
    }

    public PromptTicket Ticket => _ticket;

    public EnergyAccount Account { get; }

    public bool IsPrefilled => _past == _generation.Prompt.Length;

    /// <summary>Tokens that the sequence holds.</summary>
    public int Past => IsPrefilled ? _generation.Length - 1 : _past;

    /// <summary>The token to decode next.</summary>
    public int Token => _generation.Token;

    /// <summary>Tokens of the prompt that are still to be computed.</summary>
    public int PromptLeft => _generation.Prompt.Length - _past;

    /// <summary>The level of the next step, as it was chosen last.</summary>
    public int Level { get; private set; }

    /// <summary>What the request gets, once its answer has ended or something else ended it.</summary>
    public PromptResult? Result { get; private set; }

    /// <summary>The level of the plan within the request's range.</summary>
    public int PlannedLevel(PruningPlan plan) => _levels.Planned(plan);

    /// <summary>The least level that the deadline asks for.</summary>
    public int LevelFloor(PruningPlan plan, RoundLoad load) =>
        _levels.Floor(plan, load, PromptLeft, _generation.Count);

    public void ChooseLevel(PruningPlan plan, int floor) => Level = _levels.Next(plan, floor);

    /// <summary>The tokens of the prompt to extend by next.</summary>
    /// <param name="longest">The step is to take no longer.</param>
    public ReadOnlySpan<int> NextChunk(TimeSpan longest)
    {
        // A step takes longer the more the sequence holds: what the last one took counts before what others took.
        var seconds = _secondsPerToken ?? _model.Speeds.PromptToken(Level);
        var tokens = PromptChunks.Tokens(seconds, longest, _model.Engine.ChunkTokens);
        return _generation.Prompt.AsSpan(_past, Math.Min(tokens, PromptLeft));
    }

    /// <summary>A chunk of so many tokens was computed.</summary>
    /// <param name="logits">[V] after the chunk's last token.</param>
    public void Prefilled(int tokens, TimeSpan took, ReadOnlySpan<float> logits)
    {
        _past += tokens;
        _secondsPerToken = took.TotalSeconds / tokens;
        if (IsPrefilled)
        {
            _generation.Accept(logits);
            _prefilledAt = _time.GetTimestamp();
        }
        Count(answerTokens: IsPrefilled ? 1 : 0);
    }

    /// <summary>The token was computed.</summary>
    /// <param name="logits">[V] after it.</param>
    public void Decoded(ReadOnlySpan<float> logits)
    {
        _generation.Accept(logits);
        Count(answerTokens: 1);
    }

    /// <summary>Ends with this result, unless it has ended already.</summary>
    public void End(PromptResult result) => Result ??= result;

    /// <summary>Ends where somebody asked for that, or the time is over.</summary>
    public void EndIfInterrupted()
    {
        if (_ticket.Interruption is { } interruption)
        {
            End(interruption);
        }
        else if (_ticket.IsExpired)
        {
            End(new PromptRefusal(ServingFault.Expired,
                $"Not answered within {_ticket.Request.Timeout.TotalMilliseconds:0} ms ({_generation.Count} tokens "
                + "were produced). Allow more time, fewer tokens, or a higher pruning level."));
        }
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

    private void Count(int answerTokens)
    {
        _levels.Ran(Level, answerTokens);
        if (_generation.End != GenerationEnd.None)
        {
            End(Answer());
        }
    }

    private PromptAnswer Answer() => new()
    {
        Text = _generation.Text(),
        IsComplete = _generation.End == GenerationEnd.Stop,
        Level = _levels.Highest,
        LevelMean = _levels.Mean,
        LevelCause = _levels.Cause,
        PromptTokens = _generation.Prompt.Length,
        CompletionTokens = _generation.Count,
        QueueTime = _queued,
        PromptTime = _time.GetElapsedTime(_start, _prefilledAt),
        CompletionTime = _time.GetElapsedTime(_prefilledAt),
    };
}
