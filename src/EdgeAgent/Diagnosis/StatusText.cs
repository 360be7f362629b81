using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Diagnosis;

/// <summary>An agent's status as words for people.</summary>
internal static class StatusText
{
    /// <summary>Lines of a name and what stands for it; the first one is the headline.</summary>
    public static IReadOnlyList<(string Name, string Text)> Rows(AgentStatus status)
    {
        var (plan, board, queue) = (status.Plan, status.Board, status.Queue);
        var rows = new List<(string, string)>
        {
            ("agent", Text($"{status.Model ?? "no model yet"} on {status.Device}: {status.State} for ")
                + Text($"{Span(status.UptimeSeconds)} (edge-agent {status.Agent}, process {status.Pid})")),
            ("level", Text($"{plan.Level} of 0 to {plan.HighestLevel}; {plan.Cause}: {plan.Reason}")),
            ("pace", Text($"{100 * plan.PaceRatio:0} % of the time computing")
                + (plan.ClockRatio < 1 ? Text($", clock at {100 * plan.ClockRatio:0} %") : "")
                + (plan.PowerSteps > 0 ? Text($", power mode {plan.PowerSteps} lower") : "")),
            ("admission", plan.Admission.Replace('_', ' ')),
        };
        Add(rows, "temperature", board.TemperatureCelsius is { } celsius
            ? Text($"{celsius:0.0} °C")
                + (board.TemperatureLimitCelsius is { } limit ? Text($", limit {limit:0.0} °C") : "")
                + (board.Throttled == true ? "; the board throttles itself" : "")
            : null);
        Add(rows, "power", board.PowerWatts is { } watts
            ? Text($"{watts:0.00} W") + (status.Energy?.IdleWatts is { } idle ? Text($", idle {idle:0.00} W") : "")
            : null);
        Add(rows, "energy", status.Energy is { } energy ? Energy(energy) : null);
        rows.Add(("queue", Text($"{queue.Requests} of {queue.Capacity}")));
        rows.Add(("speed", queue.TokensPerSecond > 0 ? Text($"{queue.TokensPerSecond:0.0} tok/s") : "no answer yet"));
        rows.Add(("broker", status.Broker.Address + (status.Broker.Connected ? ", connected" : ", not connected")));
        rows.Add(("requests", Requests(status.Counters)));
        rows.Add(("time", Levels(plan)));
        rows.Add(("memory", Text($"{status.ResidentBytes / 1e6:0} MB, graphs of levels ")
            + string.Join(", ", plan.OpenLevels)));
        Add(rows, "lost", board.Lost.Count > 0 ? string.Join(", ", board.Lost) : null);
        return rows;
    }

    private static string Energy(EnergyStatus energy) =>
        (energy.JoulesPerToken is { } joules ? Text($"{joules:0.0000} J per token; ") : "")
        + Text($"{energy.RequestJoules:0.0} J for {energy.MeasuredRequests} requests, ")
        + Text($"{energy.RequestAboveIdleJoules:0.0} J of it above idle")
        + (energy.UnmeasuredRequests > 0 ? Text($"; {energy.UnmeasuredRequests} not measured") : "");

    private static string Requests(IReadOnlyDictionary<string, double> counters)
    {
        return Text($"{Of("requests_received_total")} received: {Of("requests_accepted_total")} accepted, ")
            + Text($"{Of("requests_refused_total")} refused, {Of("requests_duplicate_total")} duplicate, ")
            + Text($"{Of("requests_expired_total")} expired; {Of("answers_delivered_total")} answers delivered, ")
            + Text($"{Of("answers_pending")} pending, {Of("answers_dropped_total")} dropped");

        double Of(string name) => counters.GetValueOrDefault(name);
    }

    private static string Levels(PlanStatus plan)
    {
        var spent = plan.MinutesAtLevel.Index().Where(level => level.Item > 0)
            .Select(level => Text($"level {level.Index} for {Span(level.Item * 60)}"));
        return string.Join(", ", spent) + Text($"; {plan.LevelChanges} changes")
            + (plan.AboveLimitSeconds > 0 ? Text($"; above the limit for {Span(plan.AboveLimitSeconds)}") : "")
            + (plan.PacedSeconds > 0 ? Text($"; paced for {Span(plan.PacedSeconds)}") : "")
            + (plan.BlindSeconds > 0 ? Text($"; temperature unknown for {Span(plan.BlindSeconds)}") : "");
    }

    private static void Add(List<(string, string)> rows, string name, string? text)
    {
        if (text is not null)
        {
            rows.Add((name, text));
        }
    }

    private static string Span(double seconds) => seconds switch
    {
        < 120 => Text($"{seconds:0} s"),
        < 7200 => Text($"{seconds / 60:0} min"),
        < 172_800 => Text($"{seconds / 3600:0.0} h"),
        _ => Text($"{seconds / 86_400:0.0} days"),
    };
}
