using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.Tests.Inference;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>The package is as right as the reference says, at every level.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class TaskEvaluationTests(NanoPackages packages, ITestOutputHelper output) : IDisposable
{
    /// <summary>shared/nano/README.md, fp32 arithmetic with the INT4 weights.</summary>
    private static readonly double[] Figures = [0.932, 0.932, 0.926, 0.902];

    /// <summary>Of every eighth task, how many the fp32 package answers right at each level.</summary>
    private static readonly int[] RightOfSubset = [56, 56, 55, 55];

    private const double LargestDifference = 0.005;
    private const int SubsetTasks = 60;

    private static readonly IReadOnlyList<EvaluationTask> Tasks =
        TaskFile.Read(Path.Combine(NanoReference.Folder, "eval.jsonl"));

    private static readonly EvaluationTask[] Subset = [.. Tasks.Where((_, i) => i % 8 == 0).Take(SubsetTasks)];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_subset_of_the_tasks_is_answered_as_by_fp32_arithmetic_at_every_level()
    {
        for (var level = 0; level < Figures.Length; level++)
        {
            var right = Right(packages.Int4, Subset, level).Count(isRight => isRight);
            output.WriteLine($"level {level}: {right} of {SubsetTasks}");
            Assert.InRange(right, RightOfSubset[level] - 1, RightOfSubset[level] + 1);
        }
    }

    [Fact]
    [Trait("Tier", "long")]
    public void The_figures_of_the_subset_are_those_of_fp32_arithmetic()
    {
        int[] right = [.. Figures.Select((_, level) => Right(packages.Fp32, Subset, level).Count(isRight => isRight))];
        Assert.Equal(RightOfSubset, right);
    }

    [Fact]
    [Trait("Tier", "long")]
    public void Accuracy_on_all_tasks_is_within_half_a_point_of_the_figures_pair_by_pair()
    {
        Assert.Equal(500, Tasks.Count);
        for (var level = 0; level < Figures.Length; level++)
        {
            var accuracy = TaskEvaluation.Run(packages.Int4.Package, packages.Int4.Engine, Tasks, level,
                cancel: TestContext.Current.CancellationToken).Accuracy;
            Assert.InRange(accuracy, Figures[level] - LargestDifference, Figures[level] + LargestDifference);

            var reference = Right(packages.Fp32, Tasks, level);
            // One dialogue of 500 may differ: fp32 sums in another order than the reference's.
            Assert.Equal(Figures[level], reference.Count(isRight => isRight) / 500.0, 0.0021);
            var pairs = Right(packages.Int4, Tasks, level).Zip(reference).ToArray();
            var (won, lost) = (pairs.Count(p => p.First && !p.Second), pairs.Count(p => !p.First && p.Second));
            output.WriteLine($"level {level}: {accuracy:0.000}, against fp32 {won} won and {lost} lost");
            Assert.InRange((won - lost) / 500.0, -LargestDifference, LargestDifference);
        }
    }

    [Theory]
    [InlineData("", "holds no task")]
    [InlineData("{", "line 1")]
    [InlineData("\n{\"task\":\"a\",\"messages\":[],\"expected\":\"x\"}", "line 2: a task needs at least one message")]
    [InlineData("{\"task\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "line 1")]
    [InlineData("{\"task\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":null}],\"expected\":\"x\"}", "line 1")]
    [InlineData("null", "a task needs at least one message")]
    [InlineData("{\"task\":\"a\",\"messages\":[null],\"expected\":\"x\"}", "and each is an object")]
    public void A_file_that_holds_no_tasks_is_refused_by_line(string text, string says)
    {
        var path = _folder.File("tasks.jsonl");
        File.WriteAllText(path, text);
        var error = Assert.Throws<ModelToolsException>(() => TaskFile.Read(path));
        Assert.Equal(ModelToolsFault.TasksInvalid, error.Fault);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_may_have_a_million_characters_and_no_more()
    {
        const string start = """{"task":"a","messages":[{"role":"user","content":"x"}],"expected":"x"}""";
        var path = _folder.File("tasks.jsonl");
        var longest = start.PadRight(1 << 20);
        File.WriteAllText(path, $"{start}\r\n\n{longest}\n{start}");
        Assert.Equal(3, TaskFile.Read(path).Count);
        File.WriteAllText(path, $"{start}\n{longest} \n");
        var error = Assert.Throws<ModelToolsException>(() => TaskFile.Read(path));
        Assert.Contains("line 2: longer than 1048576 characters", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static List<bool> Right(RunningModel model, IReadOnlyList<EvaluationTask> tasks, int level) =>
        [.. tasks.Select(task => TaskEvaluation.Answer(model.Package, model.Engine, task, level) == task.Expected)];
}
