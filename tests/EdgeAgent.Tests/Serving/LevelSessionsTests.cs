using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.Serving;

/// <summary>The graphs that the plan may need are open before it needs them; the others go for memory.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class LevelSessionsTests : IDisposable
{
    private static readonly ReferenceCase Reference = NanoReference.Cases[0];

    private readonly ServedModel _model = Served.Load();
    private readonly PlanInForce _inForce = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_levels_of_the_plan_are_opened_and_the_plans_own_comes_first()
    {
        var opened = new List<int>();
        TendUntil(new PruningPlan { Level = 2, OpenFrom = 1, OpenTo = 3 }, () =>
        {
            opened.AddRange(Open().Except(opened));
            return opened.Count == 4;
        });
        Assert.Equal([0, 2, 3, 1], opened);
    }

    [Fact]
    public void Until_a_level_is_open_the_old_one_goes_on_and_then_the_answers_are_those_of_the_new_one()
    {
        _inForce.Plan = new PruningPlan { Level = 3, OpenFrom = 3, OpenTo = 3 };
        Assert.Equal(0, _model.Sessions.Choose(3, 0, 3));
        TendUntil(_inForce.Plan, () => Open().Contains(3));
        var answer = Assert.IsType<PromptAnswer>(Answer(Served.Request() with { Messages = [.. Reference.Prompt] }));
        Assert.Equal(_model.Package.Tokenizer.Decode(Reference.Levels![2].GreedyTokens), answer.Text);
        Assert.Equal(3, answer.Level);
    }

    [Fact]
    public void Memory_pressure_closes_what_the_plan_does_not_need_soon()
    {
        TendUntil(new PruningPlan { Level = 1, OpenFrom = 0, OpenTo = 3 }, () => Open().Length == 4);
        _model.Sessions.Choose(2, 0, 3);
        _model.Sessions.Tend(new PruningPlan { Level = 2, OpenFrom = 2, OpenTo = 3 });
        Assert.Equal([0, 1, 2, 3], Open());
        _model.Sessions.Tend(new PruningPlan { Level = 2, OpenFrom = 2, OpenTo = 3, FreeCaches = true });
        Assert.Equal([2, 3], Open());
    }

    [Fact]
    public void Memory_pressure_closes_no_level_that_a_request_uses_just_now()
    {
        TendUntil(new PruningPlan { Level = 1, OpenFrom = 0, OpenTo = 3 }, () => Open().Length == 4);
        _model.Sessions.Choose(0, 0, 0);
        _model.Sessions.Choose(2, 0, 3);
        _model.Sessions.Tend(new PruningPlan { Level = 3, OpenFrom = 3, OpenTo = 3, FreeCaches = true });
        Assert.Equal([0, 2, 3], Open());
    }

    [Fact]
    public void A_request_whose_range_is_not_open_gets_its_level_all_the_same()
    {
        var answer = Assert.IsType<PromptAnswer>(
            Answer(Served.Request() with { Messages = [.. Reference.Prompt], Levels = (2, 2) }));
        Assert.Equal((2, 2.0, LevelCause.Request), (answer.Level, answer.LevelMean, answer.LevelCause));
        Assert.Equal(_model.Package.Tokenizer.Decode(Reference.Levels![1].GreedyTokens), answer.Text);
    }

    [Fact]
    public void The_cause_of_the_highest_level_stands_in_the_answer()
    {
        TendUntil(new PruningPlan { Level = 1, OpenFrom = 0, OpenTo = 3 }, () => Open().Length == 4);
        _inForce.Plan = new PruningPlan { Level = 2, OpenTo = 3, Cause = LevelCause.Temperature };
        Assert.Equal(LevelCause.Temperature, Assert.IsType<PromptAnswer>(Answer(Served.Request())).LevelCause);
        Assert.Equal(LevelCause.None, Assert.IsType<PromptAnswer>(
            Answer(Served.Request() with { Levels = (0, 0) })).LevelCause);
    }

    [Fact]
    public void An_answer_that_would_miss_its_deadline_is_computed_smaller_and_says_so()
    {
        TendUntil(new PruningPlan { Level = 1, OpenFrom = 0, OpenTo = 3 }, () => Open().Length == 4);
        for (var level = 0; level < 4; level++)
        {
            _model.Speeds.Decoded(level, 1, TimeSpan.FromSeconds(4 - level));
        }
        _model.Speeds.Answered(10);
        // Ten tokens take 40, 30, 20 or 10 s by these speeds, and the prompt as much per token: only level 3 is near.
        var hurried = Served.Request() with { Timeout = TimeSpan.FromSeconds(30), Levels = (0, 2) };
        var answer = Assert.IsType<PromptAnswer>(Answer(hurried));
        Assert.Equal((2, LevelCause.Deadline), (answer.Level, answer.LevelCause));
    }

    private int[] Open() => [.. Enumerable.Range(0, 4).Where(_model.Engine.IsOpen)];

    private PromptResult Answer(PromptRequest request) =>
        Served.Loop(new PromptQueue(1, _inForce), _inForce).Answer(_model, Served.Ticket(request), () => { });

    /// <summary>Tends as the loop does: at once, and again whenever a session was prepared.</summary>
    private void TendUntil(PruningPlan plan, Func<bool> done)
    {
        using var prepared = new SemaphoreSlim(0);
        _model.Sessions.Prepared = () => prepared.Release();
        _model.Sessions.Tend(plan);
        while (!done())
        {
            Assert.True(prepared.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken),
                $"open are only {string.Join(", ", Open())}");
            // The task that told us ends a moment later.
            SpinWait.SpinUntil(() =>
            {
                _model.Sessions.Tend(plan);
                return !Enumerable.Range(0, 4).Any(_model.Engine.IsPrepared);
            });
        }
    }
}
