using EdgeAgent.Inference;
using EdgeAgent.Pruning;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

#pragma warning disable CA1031 // Units of work: whatever one request breaks, the others go on.

/// <summary>The requests that are computed together: a round is a token of each and a chunk of one prompt.</summary>
/// <remarks>
/// The one place of the product that runs steps of answers: `run`, `ask` and the allocation test all go through it. Run
/// n is sequence n of the KV cache; the one whose prompt is still being computed is the last. Neighbours of one level
/// decode in one step, others in steps of their own; who waits for a level to be opened is left out. Between two rounds
/// it looks at cancels, deadlines and the plan.
/// </remarks>
internal sealed partial class PromptBatch
{
    /// <summary>A level that has to be opened first is looked for so often.</summary>
    private static readonly TimeSpan OpeningPause = TimeSpan.FromMilliseconds(50);

    private readonly ServedModel _model;
    private readonly InferenceEngine _engine;
    private readonly BatchParts _parts;
    private readonly Action _beat;
    private readonly ILogger _logger;
    private readonly List<PromptRun> _runs;
    private readonly int[] _tokens;
    private readonly int[] _pasts;

    /// <summary>By planned level: the highest floor of the requests that share its steps.</summary>
    private readonly int[] _floors;
    private readonly Func<bool> _mustEnd;
    private volatile PromptTicket[] _tickets = [];

    /// <param name="beat">Called at every round, and within every wait.</param>
    public PromptBatch(ServedModel model, BatchParts parts, Action beat, ILogger logger)
    {
        (_model, _engine, _parts, _beat, _logger) = (model, model.Engine, parts, beat, logger);
        (_tokens, _pasts) = (new int[_engine.Sequences], new int[_engine.Sequences]);
        _floors = new int[_engine.LevelCount];
        _runs = new List<PromptRun>(_engine.Sequences);
        _mustEnd = MustEnd;
    }

    public bool IsEmpty => _runs.Count == 0;

    /// <summary>Whether one more may begin: the plan has a sequence left, and no prompt is on its way.</summary>
    public bool HasRoom => IsEmpty
        || (_runs.Count < Math.Min(_engine.Sequences, _parts.InForce.Plan.Sequences) && _runs[^1].IsPrefilled);

    /// <summary>What is computed now; any thread.</summary>
    public IReadOnlyList<PromptTicket> Tickets => _tickets;

    /// <summary>The last lane from which to begin: batch work would slow down what is urgent.</summary>
    public Lane LastLane
    {
        get
        {
            foreach (var run in _runs)
            {
                if (run.Ticket.Request.Lane == Lane.Urgent)
                {
                    return Lane.Normal;
                }
            }
            return Lane.Batch;
        }
    }

    /// <summary>Begins a request, or gives it its result at once where that cannot be.</summary>
    public void Add(PromptTicket ticket)
    {
        if (ticket.Ended is { } ended)
        {
            ticket.Complete(ended);
            return;
        }
        var account = _parts.Energy.Begin();
        try
        {
            _runs.Add(new PromptRun(_model, ticket, _parts.InForce.Plan, account, _parts.Time));
            Show([.. _tickets, ticket]);
        }
        catch (Exception error)
        {
            _parts.Energy.End(account, tokens: 0);
            ticket.Complete(Refusal(error));
        }
    }

    /// <summary>One round.</summary>
    public void Step()
    {
        _beat();
        _model.Sessions.Tend(_parts.InForce.Plan);
        _parts.Pauses.Rest(_parts.Wait, _mustEnd);
        foreach (var run in _runs)
        {
            run.EndIfInterrupted();
        }
        if (RemoveEnded())
        {
            return;
        }
        ChooseLevels();
        // Who has had its prompt computed in this round decodes from the next one on.
        var decoding = Decoding;
        var ran = Decode(decoding) | Prefill(decoding);
        if (!RemoveEnded() && !ran)
        {
            // All of them wait for a level that is being opened.
            _parts.Wait(OpeningPause);
        }
    }

    /// <summary>The runs that decode; one more at most is not so far yet.</summary>
    private int Decoding => IsEmpty || _runs[^1].IsPrefilled ? _runs.Count : _runs.Count - 1;

    private void ChooseLevels()
    {
        var plan = _parts.InForce.Plan;
        _model.Sessions.BeginRound();
        Array.Clear(_floors);
        foreach (var run in _runs)
        {
            // A request of a higher level alone would cost the round a step more: its neighbours come along.
            ref var floor = ref _floors[run.PlannedLevel(plan)];
            floor = Math.Max(floor, run.LevelFloor(plan, LoadBeside(run)));
        }
        foreach (var run in _runs)
        {
            run.ChooseLevel(plan, _floors[run.PlannedLevel(plan)]);
            if (!_engine.IsOpen(run.Level) && !_model.Sessions.Want(run.Level))
            {
                run.End(new PromptRefusal(ServingFault.Failed,
                    $"Level {run.Level} cannot be opened on this board; the agent's log has the details."));
            }
        }
    }

    private RoundLoad LoadBeside(PromptRun run) =>
        new(_runs.Count, ReferenceEquals(run, _runs[^1]) ? 0 : _runs[^1].PromptLeft);

    private bool CanStep(PromptRun run) => run.Result is null && _engine.IsOpen(run.Level);

    /// <returns>Whether anything was computed.</returns>
    private bool Decode(int decoding)
    {
        var (start, tokens) = (_parts.Time.GetTimestamp(), 0);
        for (int first = 0, next; first < decoding; first = next)
        {
            next = first + 1;
            if (!CanStep(_runs[first]))
            {
                continue;
            }
            while (next < decoding && _runs[next].Level == _runs[first].Level)
            {
                next++;
            }
            tokens += DecodeTogether(first, next - first);
        }
        if (tokens > 0)
        {
            var took = _parts.Time.GetElapsedTime(start);
            _parts.Counters.Decoded(tokens, took);
            _parts.Pauses.Ran(start, took);
        }
        return tokens > 0;
    }

    /// <returns>Tokens that were computed.</returns>
    private int DecodeTogether(int first, int count)
    {
        var (level, start) = (_runs[first].Level, _parts.Time.GetTimestamp());
        for (var row = 0; row < count; row++)
        {
            (_tokens[row], _pasts[row]) = (_runs[first + row].Token, _runs[first + row].Past);
        }
        try
        {
            _engine.Decode(_tokens.AsSpan(0, count), _pasts.AsSpan(0, count), level, first);
        }
        catch (Exception error)
        {
            for (var row = first; row < first + count; row++)
            {
                _runs[row].End(Refusal(error));
            }
            return 0;
        }
        for (var row = 0; row < count; row++)
        {
            TryAccept(_runs[first + row], row);
        }
        _model.Speeds.Decoded(level, count, _parts.Time.GetElapsedTime(start));
        return count;
    }

    private void TryAccept(PromptRun run, int row)
    {
        try
        {
            run.Decoded(_engine.Logits(row));
        }
        catch (Exception error)
        {
            run.End(Refusal(error));
        }
    }

    /// <returns>Whether anything was computed.</returns>
    private bool Prefill(int decoding)
    {
        if (decoding == _runs.Count || !CanStep(_runs[^1]))
        {
            return false;
        }
        var (run, row) = (_runs[^1], _runs.Count - 1);
        try
        {
            var start = _parts.Time.GetTimestamp();
            var chunk = run.NextChunk(decoding == 0 ? PromptChunks.Longest : PromptChunks.LongestShared);
            _engine.Extend(row, chunk, run.Past, run.Level);
            var took = _parts.Time.GetElapsedTime(start);
            _model.Speeds.Prefilled(run.Level, chunk.Length, took);
            run.Prefilled(chunk.Length, took, _engine.Logits(0));
            _parts.Counters.Prefilled(chunk.Length, run.IsPrefilled ? 1 : 0);
            _parts.Pauses.Ran(start, took);
        }
        catch (Exception error)
        {
            run.End(Refusal(error));
        }
        return true;
    }

    private bool RemoveEnded()
    {
        var some = false;
        for (var row = _runs.Count - 1; row >= 0; row--)
        {
            if (_runs[row] is { Result: { } result } run)
            {
                Remove(row);
                Complete(run, result);
                some = true;
            }
        }
        return some;
    }

    private void Complete(PromptRun run, PromptResult result)
    {
        if (result is PromptAnswer answer)
        {
            _model.Speeds.Answered(answer.CompletionTokens);
            result = answer with { Energy = _parts.Energy.End(run.Account, answer.CompletionTokens) };
        }
        else
        {
            // What became no answer used energy too.
            _parts.Energy.End(run.Account, tokens: 0);
        }
        run.Ticket.Complete(result);
    }

    /// <summary>The last that decodes takes the row that is free now, and the one behind takes its row.</summary>
    private void Remove(int row)
    {
        var removed = _runs[row];
        var last = Decoding - 1;
        if (row < last)
        {
            Move(last, row);
            row = last;
        }
        if (row < _runs.Count - 1)
        {
            Move(_runs.Count - 1, row);
        }
        _runs.RemoveAt(_runs.Count - 1);
        Show([.. _tickets.Where(ticket => ticket != removed.Ticket)]);
    }

    private void Show(PromptTicket[] tickets) => (_tickets, _parts.Counters.Sequences) = (tickets, tickets.Length);

    private void Move(int from, int to)
    {
        _engine.Move(from, to, _runs[from].Past);
        _runs[to] = _runs[from];
    }

    /// <summary>Whether a wait must not go on, because somebody wants an end.</summary>
    private bool MustEnd()
    {
        _beat();
        foreach (var run in _runs)
        {
            if (run.Ticket.Ended is not null)
            {
                return true;
            }
        }
        return false;
    }

    private PromptRefusal Refusal(Exception error)
    {
        var refusal = RunFaults.Refusal(error, _parts.InForce.Plan);
        if (refusal.Fault == ServingFault.Failed)
        {
            LogFailed(error);
        }
        return refusal;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed")]
    private partial void LogFailed(Exception error);
}

/// <summary>What the batch works with besides the model.</summary>
/// <param name="Wait">Waits so long, or shorter where something happens.</param>
internal sealed record BatchParts(
    PlanInForce InForce, Pauses Pauses, EnergyMeter Energy, ServingCounters Counters, Action<TimeSpan> Wait,
    TimeProvider Time);
