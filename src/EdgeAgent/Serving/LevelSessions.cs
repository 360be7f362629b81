using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using EdgeAgent.Pruning;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>Keeps the graphs open that the plan may need soon, and closes the others where memory is short.</summary>
/// <remarks>
/// For the thread that runs the model, between two steps. A session is made on another thread while steps of the old
/// level go on; only its warm-up, one token, is done here. Nothing is allocated while the plan stays the same.
/// </remarks>
internal sealed partial class LevelSessions(InferenceEngine engine, ILogger logger)
{
    private readonly bool[] _failed = new bool[engine.LevelCount];
    private PruningPlan? _done;
    private Task? _preparing;

    /// <summary>Levels that the requests of the round use.</summary>
    private readonly bool[] _chosen = new bool[engine.LevelCount];

    /// <summary>Told on another thread when a session waits for its warm-up.</summary>
    public Action? Prepared { get; set; }

    /// <summary>One look: warms up what was prepared, closes what is not needed, and begins to prepare the
    /// next.</summary>
    public void Tend(PruningPlan plan)
    {
        if (_preparing is not { IsCompleted: false } && (_preparing is not null || !ReferenceEquals(plan, _done)))
        {
            Look(plan);
        }
    }

    /// <summary>
    /// The open level of the range that is nearest to the wanted one, higher rather than lower; where none of them is
    /// open, the wanted one, which its first step then opens.
    /// </summary>
    public int Choose(int wanted, int min, int max)
    {
        var chosen = NearestOpen(wanted, min, max) ?? wanted;
        _chosen[chosen] = true;
        return chosen;
    }

    private int? NearestOpen(int wanted, int min, int max)
    {
        for (var distance = 0; distance <= max - min; distance++)
        {
            if (wanted + distance <= max && engine.IsOpen(wanted + distance))
            {
                return wanted + distance;
            }
            if (wanted - distance >= min && engine.IsOpen(wanted - distance))
            {
                return wanted - distance;
            }
        }
        return null;
    }

    /// <summary>Begins to make the session of a level that no other can stand in for; a later look opens it.</summary>
    /// <returns>Whether there is hope; false where it could not be opened.</returns>
    public bool Want(int level)
    {
        if (!_failed[level] && _preparing is not { IsCompleted: false } && !engine.IsPrepared(level))
        {
            Begin(level);
        }
        return !_failed[level];
    }

    /// <summary>Forgets what was chosen: a new round chooses.</summary>
    public void BeginRound() => Array.Clear(_chosen);

    private void Look(PruningPlan plan)
    {
        _preparing = null;
        if (plan.Level != _done?.Level)
        {
            // What failed for want of memory may go by now.
            Array.Clear(_failed);
        }
        WarmUp();
        if (plan.FreeCaches)
        {
            CloseAllBut(plan);
        }
        if (Missing(plan) is { } level)
        {
            Begin(level);
        }
        else
        {
            _done = plan;
        }
    }

    private void WarmUp()
    {
        for (var level = 0; level < engine.LevelCount; level++)
        {
            if (engine.IsPrepared(level))
            {
                TryOpen(level);
            }
        }
    }

    private void TryOpen(int level)
    {
        try
        {
            engine.Open(level);
        }
        catch (Exception error) when (error is InferenceException or PackageException)
        {
            _failed[level] = true;
            LogNotOpened(level, error.Message);
        }
    }

    private void CloseAllBut(PruningPlan plan)
    {
        for (var level = 0; level < engine.LevelCount; level++)
        {
            // What a request of its own range uses just now would only be opened again.
            var isNeeded = (level >= plan.OpenFrom && level <= plan.OpenTo) || _chosen[level];
            if (!isNeeded && engine.IsOpen(level))
            {
                _ = engine.Close(level);
                LogClosed(level);
            }
        }
    }

    /// <summary>The level to open next: the plan's own first, then those that may follow.</summary>
    private int? Missing(PruningPlan plan)
    {
        if (IsMissing(plan.Level))
        {
            return plan.Level;
        }
        for (var level = Math.Min(plan.OpenTo, engine.LevelCount - 1); level >= plan.OpenFrom; level--)
        {
            if (IsMissing(level))
            {
                return level;
            }
        }
        return null;
    }

    private bool IsMissing(int level) =>
        level < engine.LevelCount && !engine.IsOpen(level) && !_failed[level];

    // A method of its own: what the lambda captures is allocated where the variable's scope begins.
    private void Begin(int level) => _preparing = Task.Run(() => Prepare(level));

    private void Prepare(int level)
    {
        try
        {
            engine.Prepare(level);
        }
        catch (ObjectDisposedException)
        {
            return;
        }
#pragma warning disable CA1031 // Whatever is wrong with one level, the others go on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _failed[level] = true;
            LogNotOpened(level, error.Message);
        }
        Prepared?.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Error, Message =
        "Level {Level} cannot be opened, the others go on without it: {Reason}")]
    private partial void LogNotOpened(int level, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Level {Level} closed: memory is short")]
    private partial void LogClosed(int level);
}
