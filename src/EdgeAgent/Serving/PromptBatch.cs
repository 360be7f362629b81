using EdgeAgent.Inference;
using EdgeAgent.Pruning;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

#pragma warning disable CA1031 // Units of work: whatever one request breaks, the others go on.

/// <summary>The requests that are computed together: a round is a token of each and a chunk of one prompt.</summary>
/// <remarks>
/// The one place of the product that runs steps of answers: `run`, `ask` and the allocation test all go through it. Run
/// n is sequence n of the KV cache; the one whose prompt is still being computed is the last. Neighbours of one level
/// decode in one step, others in steps of their own. Between two rounds it looks at cancels, deadlines and the plan.
/// </remarks>
internal sealed partial class PromptBatch
{
    /// <summary>A chunk of a prompt aims at this time, so that cancel and deadline are always near.</summary>
    private static readonly TimeSpan LongestChunk = TimeSpan.FromMilliseconds(125);

    /// <summary>A chunk aims at this time where others wait for it between two of their tokens.</summary>
    private static readonly TimeSpan LongestSharedChunk = TimeSpan.FromMilliseconds(50);

    private readonly ServedModel _model;
    private readonly InferenceEngine _engine;
    private readonly BatchParts _parts;
    private readonly Action _beat;
    private readonly ILogger _logger;
    private readonly List<PromptRun> _runs;
    private readonly int[] _tokens;
    private readonly int[] _pasts;
    private readonly Func<bool> _mustEnd;
    private volatile PromptTicket[] _tickets = [];

    /// <param name="beat">Called at every round, and within every wait.</param>
    public PromptBatch(ServedModel model, BatchParts parts, Action beat, ILogger logger)
    {
        (_model, _engine, _parts, _beat, _logger) = (model, model.Engine, parts, beat, logger);
        (_tokens, _pasts) = (new int[_engine.Sequences], new int[_engine.Sequences]);
        _runs = new List<PromptRun>(_engine.Sequences);
        _mustEnd = MustEnd;
    }

    public bool IsEmpty => _runs.Count == 0;

    /// <summary>Whether one more may begin: the plan has a sequence left, and no prompt is on its way.</summary>
    public bool HasRoom => IsEmpty
        || (_runs.Count < Math.Min(_engine.Sequences, _parts.InForce.Plan.Sequences) && _runs[^1].IsPrefilled);

    /// <summary>What is computed now; any thread.</summary>
    public IReadOnlyList<PromptTicket> Tickets => _tickets;

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
        if (RemoveEnded() || !ChooseLevels())
        {
            return;
        }
        var decoding = Decoding;
        Decode(decoding);
        Prefill(decoding);
        RemoveEnded();
    }

    /// <summary>The runs that decode; one more at most is not so far yet.</summary>
    private int Decoding => IsEmpty || _runs[^1].IsPrefilled ? _runs.Count : _runs.Count - 1;

    /// <returns>Whether all of them are open.</returns>
    private bool ChooseLevels()
    {
        var (plan, areOpen) = (_parts.InForce.Plan, true);
        foreach (var run in _runs)
        {
            run.ChooseLevel(plan);
            if (!_engine.IsOpen(run.Level))
            {
                TryOpen(run);
                areOpen &= _engine.IsOpen(run.Level);
            }
        }
        return areOpen;
    }

    /// <summary>Opens a level that no open one of the request's range can stand in for.</summary>
    private void TryOpen(PromptRun run)
    {
        try
        {
            _model.Sessions.OpenNow(run.Level, _mustEnd);
        }
        catch (Exception error)
        {
            run.End(Refusal(error));
        }
    }

    private void Decode(int decoding)
    {
        var start = _parts.Time.GetTimestamp();
        for (int first = 0, next; first < decoding; first = next)
        {
            next = first + 1;
            while (next < decoding && _runs[next].Level == _runs[first].Level)
            {
                next++;
            }
            DecodeTogether(first, next - first);
        }
        if (decoding > 0)
        {
            var took = _parts.Time.GetElapsedTime(start);
            for (var row = 0; row < decoding; row++)
            {
                // Whatever shares the round, a request's next token is so far away.
                if (row == 0 || _runs[row].Level != _runs[row - 1].Level)
                {
                    _model.Speeds.Decoded(_runs[row].Level, took);
                }
            }
            _parts.Counters.Decoded(decoding, took);
            _parts.Pauses.Ran(start, took);
        }
    }

    private void DecodeTogether(int first, int count)
    {
        for (var row = 0; row < count; row++)
        {
            (_tokens[row], _pasts[row]) = (_runs[first + row].Token, _runs[first + row].Past);
        }
        try
        {
            _engine.Decode(_tokens.AsSpan(0, count), _pasts.AsSpan(0, count), _runs[first].Level, first);
        }
        catch (Exception error)
        {
            for (var row = first; row < first + count; row++)
            {
                _runs[row].End(Refusal(error));
            }
            return;
        }
        for (var row = 0; row < count; row++)
        {
            TryAccept(_runs[first + row], row);
        }
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

    private void Prefill(int decoding)
    {
        if (decoding == _runs.Count)
        {
            return;
        }
        var (run, row) = (_runs[^1], _runs.Count - 1);
        try
        {
            var (tokens, start) = (run.NextChunk.Length, _parts.Time.GetTimestamp());
            _engine.Extend(row, run.NextChunk, run.Past, run.Level);
            var took = _parts.Time.GetElapsedTime(start);
            _model.Speeds.Prefilled(run.Level, tokens, took);
            run.Prefilled(
                took, decoding == 0 ? LongestChunk : LongestSharedChunk, _engine.ChunkTokens, _engine.Logits(0));
            _parts.Counters.Prefilled(tokens, run.IsPrefilled ? 1 : 0, took);
            _parts.Pauses.Ran(start, took);
        }
        catch (Exception error)
        {
            run.End(Refusal(error));
        }
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
