using EdgeAgent.Pruning;

namespace EdgeAgent.Serving;

/// <summary>
/// Which level each step of one request runs at: that of the plan, within the request's range, and a higher one where
/// the answer would miss its deadline.
/// </summary>
internal sealed class RequestLevels
{
    private readonly ServedModel _model;
    private readonly PromptTicket _ticket;
    private readonly int _min;
    private readonly int _max;
    private int _floor;
    private int _wanted;
    private LevelCause _wantedCause;
    private long _sum;
    private int _count;

    public RequestLevels(ServedModel model, PromptTicket ticket)
    {
        (_model, _ticket) = (model, ticket);
        var (min, max) = ticket.Request.Levels;
        (_min, _max) = (Math.Min(min, model.HighestLevel), Math.Min(max, model.HighestLevel));
    }

    /// <summary>The highest level of any step so far.</summary>
    public int Highest { get; private set; }

    /// <summary>Why the highest level was used.</summary>
    public LevelCause Cause { get; private set; }

    /// <summary>The mean level over the tokens of the answer.</summary>
    public double Mean => _count == 0 ? 0 : (double)_sum / _count;

    /// <summary>The level that the plan wants, within the request's range.</summary>
    public int Planned(PruningPlan plan) => Math.Clamp(plan.Level, _min, _max);

    /// <summary>The level of the next step.</summary>
    /// <param name="floor">The highest floor of those that share the step.</param>
    public int Next(PruningPlan plan, int floor)
    {
        var planned = Math.Max(plan.Level, floor);
        _wanted = Math.Clamp(planned, _min, _max);
        _wantedCause = _wanted > planned ? _ticket.Request.LevelCause
            : _wanted == planned && floor > plan.Level ? LevelCause.Deadline
            : plan.Cause;
        return _model.Sessions.Choose(_wanted, _min, _max);
    }

    /// <summary>A step ran at this level; where it made tokens of the answer, they count for the mean.</summary>
    public void Ran(int level, int answerTokens)
    {
        if (level > Highest)
        {
            (Highest, Cause) = (level, _wantedCause);
        }
        _sum += (long)level * answerTokens;
        _count += answerTokens;
    }

    /// <summary>
    /// The lowest level at which the answer is expected in time, or 0 where any will do; within a request it never
    /// falls, or it would swing.
    /// </summary>
    /// <param name="promptLeft">Tokens of the prompt that are still to be computed.</param>
    /// <param name="answered">Tokens of the answer so far.</param>
    public int Floor(PruningPlan plan, RoundLoad load, int promptLeft, int answered)
    {
        var from = Math.Clamp(Math.Max(plan.Level, _floor), _min, _max);
        var left = (_ticket.Request.Timeout - _ticket.Age).TotalSeconds * plan.Pace;
        var tokens = ExpectedTokens(_ticket.Request.MaximumTokens, answered);
        for (var level = from; level <= _max; level++)
        {
            if (_model.Speeds.SecondsLeft(level, promptLeft, tokens, load) is not { } needed)
            {
                return _floor;
            }
            if (needed <= left || level == _max)
            {
                return _floor = level > from ? level : _floor;
            }
        }
        return _floor;
    }

    /// <summary>Tokens that the answer is still expected to take: as the answers before, within its limit.</summary>
    private double ExpectedTokens(int maximum, int answered) =>
        Math.Min(maximum - answered, Math.Max(_model.Speeds.AnswerTokens - answered, 1));
}
