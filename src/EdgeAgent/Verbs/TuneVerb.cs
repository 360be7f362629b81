using System.CommandLine;
using EdgeAgent.Diagnosis;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.Serving;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Verbs;

/// <summary>`tune`: how fast each level is on this very board, and what it takes.</summary>
internal static class TuneVerb
{
    private const int DefaultSeconds = 5;
    private const int MaximumSeconds = 600;

    /// <summary>With a power sensor, which <see cref="PowerWatch"/> reads ten times a second, that of a Raspberry Pi 5
    /// too; a turn of few tokens goes on until it has <see cref="LevelTuning.LeastReadings"/>.</summary>
    private static readonly TimeSpan s_measuredTurn = TimeSpan.FromSeconds(1);

    public static Command Create(TimeProvider time)
    {
        var model = ModelArguments.Text("--model", "DIR", "Model package; default: that of `run`");
        var config = ModelArguments.Text("--config", "FILE", "Configuration file of `run`");
        var data = ModelArguments.Text("--data", "DIR", "Folder of the agent's state, for --save");
        var root = ModelArguments.Text("--sensors-root", "DIR", "Folder that holds sys/ and proc/ of the board");
        var seconds = ModelArguments.Number("--seconds", "Seconds of measuring for each level", DefaultSeconds);
        var save = new Option<bool>("--save") { Description = "Keep the result, for the deadlines of `run`" };
        var json = ModelArguments.Json();
        var verb = new Command("tune", "Measure speed, memory and energy of every level on this board")
            { model, seconds, save, json, data, config, root }
            .WithExamples(
                "edge-agent tune                     a table of all levels, in about half a minute",
                "edge-agent tune --seconds 30 --json more turns, for a board that has to warm up",
                "edge-agent tune --save              and `run` knows its speeds from the first request on");
        verb.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(seconds) is < 1 or > MaximumSeconds)
            {
                throw new UsageException($"--seconds wants 1 to {MaximumSeconds}.");
            }
            var flags = new[] { model, data, root }.Where(flag => parsed.GetValue(flag) is not null)
                .ToDictionary(flag => flag.Name, flag => parsed.GetValue(flag)!);
            var verdict = AgentOptionsReader.Read(OptionSources.OfProcess(parsed.GetValue(config), flags));
            if (verdict.Options is not { } options)
            {
                Console.Error.Write(verdict.Message);
                return ExitCodes.WrongConfiguration;
            }
            await WarnOfAgentAsync(options, parsed.GetValue(data) is not null, time, cancellation);
            var speeds = await MeasureAsync(options, parsed.GetValue(seconds), time, cancellation);
            Print(speeds, parsed.GetValue(json));
            if (parsed.GetValue(save))
            {
                speeds.Save(options.Data);
                VerbOutput.Error($"kept in {Path.Join(options.Data, TunedSpeeds.FileName)}");
            }
            return ExitCodes.Done;
        });
        return verb;
    }

    private static async Task<TunedSpeeds> MeasureAsync(
        AgentOptions options, int seconds, TimeProvider time, CancellationToken cancellation)
    {
        using var model = ServedModel.Load(options.Model ?? EmbeddedModel.Path, new EngineOptions
        {
            Threads = options.InferenceThreads,
            Providers = options.InferenceProviders,
            Context = options.InferenceContextTokens,
        });
        await using var power = await PowerWatch.StartAsync(options.SensorsRoot, time, cancellation);
        var tuning = new LevelTuning(model, power.Meter, time);
        await power.LearnIdleAsync(cancellation);
        for (var level = 0; level < tuning.LevelCount; level++)
        {
            cancellation.ThrowIfCancellationRequested();
            tuning.Open(level);
        }
        var length = TimeSpan.FromSeconds((long)seconds * tuning.LevelCount);
        var progress = new ProgressLine("measuring", (long)length.TotalSeconds, time, ProgressLine.Seconds);
        var start = time.GetTimestamp();
        for (var round = 0; round < LevelTuning.LeastRounds || time.GetElapsedTime(start) < length; round++)
        {
            tuning.Round(power.HasPower ? s_measuredTurn : TimeSpan.Zero, cancellation);
            progress.Report(Math.Min((long)time.GetElapsedTime(start).TotalSeconds, (long)length.TotalSeconds));
        }
        progress.End();
        return tuning.Result();
    }

    /// <summary>An agent beside us takes processors, memory and heat: the figures would be those of both.</summary>
    private static async Task WarnOfAgentAsync(
        AgentOptions options, bool isDataGiven, TimeProvider time, CancellationToken cancellation)
    {
        // The folder of --data, and the service of this board whatever was given: it is the board that is shared.
        var runtime = SystemdEnvironment.OfProcess().RuntimeFolder;
        var paths = StatusPath.Candidates(runtime, options.Data, isDataGiven)
            .Concat(StatusPath.Candidates(runtime, options.Data, isDataGiven: false)).Distinct().ToList();
        if ((await StatusQuery.AskAsync(paths, time, cancellation)).Status is { } status)
        {
            VerbOutput.Error(Text($"an agent runs on this board ({status.Device}, process {status.Pid}): levels will ")
                + "be measured too slow and too costly. Stop it first: systemctl stop edge-agent");
        }
    }

    private static void Print(TunedSpeeds speeds, bool json)
    {
        if (json)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(speeds.ToJson());
            output.WriteByte((byte)'\n');
            return;
        }
        VerbOutput.Line(Text($"{speeds.Model}, {speeds.Threads} threads, ONNX Runtime {speeds.Runtime}: ")
            + Text($"{speeds.AnswerTokens} tokens after a prompt of {speeds.PromptTokens}, {speeds.Rounds} rounds"));
        var first = speeds.Levels[0];
        VerbOutput.Table(
            ["level", "tok/s", "ratio", "spread", "prompt tok/s", "memory", "J/token", "above idle"],
            speeds.Levels.Select(level => (IReadOnlyList<string>)
            [
                Text($"{level.Level}"), Text($"{level.DecodeTokensPerSecond:0.0}"),
                Text($"{level.DecodeTokensPerSecond / first.DecodeTokensPerSecond:0.00}"),
                Text($"{100 * level.DecodeSpread:0} %"), Text($"{level.PromptTokensPerSecond:0}"),
                Text($"{level.ResidentBytes / 1e6:0} MB"), Joules(level.JoulesPerToken),
                Joules(level.JoulesAboveIdlePerToken),
            ]));
        if (first.JoulesPerToken is null)
        {
            VerbOutput.Line("No energy: this board shows no power that can be read (edge-agent sensors).");
        }
    }

    private static string Joules(double? joules) => joules is { } value ? Text($"{value:0.0000}") : "-";
}
