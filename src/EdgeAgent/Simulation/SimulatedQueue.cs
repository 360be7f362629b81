namespace EdgeAgent.Simulation;

/// <summary>The agent's queue and its one sequence: takes, computes, answers and expires simulated requests.</summary>
internal sealed class SimulatedQueue(SimulationSetup setup)
{
    private readonly Queue<double> _waiting = new();
    private readonly List<double> _answerSeconds = [];
    private double? _runningSince;
    private double _tokensLeft;
    private double _accuracy;

    public double Tokens { get; private set; }

    public double MeanAccuracy => Tokens > 0 ? _accuracy / Tokens : setup.Levels[0].Accuracy;

    public int Waiting => _waiting.Count;

    public int Answered { get; private set; }

    public int Refused { get; private set; }

    public int Expired { get; private set; }

    /// <summary>How long the next request has waited, 0 where none waits.</summary>
    public double QueueSeconds(double now) => _waiting.TryPeek(out var arrival) ? now - arrival : 0;

    public void Arrive(double at, bool isAccepted)
    {
        if (isAccepted && _waiting.Count < setup.QueueLength)
        {
            _waiting.Enqueue(at);
        }
        else
        {
            Refused++;
        }
    }

    /// <summary>Computes for up to so many seconds; returns the seconds that were needed.</summary>
    public double Compute(double now, double seconds, int level, double tokenSeconds)
    {
        Expire(now);
        var left = seconds;
        while (left > 0 && Next())
        {
            var tokens = Math.Min(_tokensLeft, left / tokenSeconds);
            left -= tokens * tokenSeconds;
            _tokensLeft -= tokens;
            Tokens += tokens;
            _accuracy += tokens * setup.Levels[level].Accuracy;
            if (_tokensLeft <= 1e-9)
            {
                _answerSeconds.Add(now + seconds - left - _runningSince!.Value);
                _runningSince = null;
                Answered++;
            }
            else
            {
                left = 0;
            }
        }
        return seconds - left;
    }

    /// <summary>99th percentile of the time to an answer, in seconds; 0 without answers.</summary>
    public double P99Seconds()
    {
        if (_answerSeconds.Count == 0)
        {
            return 0;
        }
        _answerSeconds.Sort();
        return _answerSeconds[(int)Math.Ceiling(0.99 * _answerSeconds.Count) - 1];
    }

    private bool Next()
    {
        if (_runningSince is null && _waiting.TryDequeue(out var arrival))
        {
            (_runningSince, _tokensLeft) = (arrival, setup.AnswerTokens);
        }
        return _runningSince is not null;
    }

    private void Expire(double now)
    {
        var timeout = setup.Timeout.TotalSeconds;
        if (_runningSince < now - timeout)
        {
            _runningSince = null;
            Count();
        }
        while (_waiting.TryPeek(out var arrival) && arrival < now - timeout)
        {
            _waiting.Dequeue();
            Count();
        }

        void Count()
        {
            _answerSeconds.Add(timeout);
            Expired++;
        }
    }
}
