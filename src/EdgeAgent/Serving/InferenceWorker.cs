using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Serving;

/// <summary>Loads the model and runs the inference loop on a thread of its own.</summary>
internal sealed partial class InferenceWorker(
    ModelSlot slot, InferenceLoop loop, Readiness readiness, StatusLine status, LoopBeats beats, AgentOptions options,
    TimeProvider time, ILogger<InferenceWorker> logger) : BackgroundService
{
    /// <summary>How long a stop waits for the answer that is running; the host waits a little longer.</summary>
    private static readonly TimeSpan LongestFinish = TimeSpan.FromSeconds(15);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(ended, stoppingToken)) { IsBackground = true }.Start();
        return ended.Task;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await using var timer = time.CreateTimer(_ => loop.Abandon(), null, LongestFinish, Timeout.InfiniteTimeSpan);
        await base.StopAsync(cancellationToken);
    }

    private void Run(TaskCompletionSource ended, CancellationToken stop)
    {
        var beat = beats.Register("inference");
        try
        {
            // Threads of the pool are born with the name of the thread that makes them: only the loop is "inference".
            Thread.CurrentThread.Name = "inference-pool";
            OrtRuntime.Start(options.InferenceThreads);
            Thread.CurrentThread.Name = "inference";
            using var model = Load();
            readiness.MarkReady();
            loop.Run(model, beat.Beat, beats.LongestSilence, stop);
            slot.Clear();
            beat.End();
            ended.SetResult();
        }
        catch (Exception error) when (error is PackageException or InferenceException or TokenizerException
            or TemplateException)
        {
            ended.SetException(new AgentFailureException(error.Message, error));
        }
#pragma warning disable CA1031 // The thread's owner is told, and the host stops.
        catch (Exception error)
#pragma warning restore CA1031
        {
            ended.SetException(error);
        }
    }

    private ServedModel Load()
    {
        var start = time.GetTimestamp();
        var path = options.Model ?? EmbeddedModel.Path;
        var model = ServedModel.Load(path, new EngineOptions
        {
            Threads = options.InferenceThreads,
            Providers = options.InferenceProviders,
            Context = options.InferenceContextTokens,
            Sequences = options.InferenceSequences,
        }, logger);
        UseTuned(model);
        slot.Set(model);
        status.Set(StatusPart.Model, model.Name);
        LogLoaded(model.Name, path, (long)time.GetElapsedTime(start).TotalMilliseconds, model.Engine.Context,
            model.Manifest.Levels.Count);
        LogRuntime(OrtRuntime.LibraryVersion, OrtRuntime.LibraryPath ?? "the agent's own", OrtRuntime.Threads,
            string.Join(", ", Enumerable.Range(0, model.Engine.LevelCount).Select(model.Engine.DescribeProvider)));
        return model;
    }

    private void UseTuned(ServedModel model)
    {
        var (speeds, fault) = TunedSpeeds.Load(
            options.Data, TunedSpeeds.DigestOf(model.Package.Path), model.Manifest.Levels.Count);
        if (speeds is not null)
        {
            model.Speeds.Begin(speeds);
            LogTuned(speeds.Levels[0].DecodeTokensPerSecond, DateTimeOffset.FromUnixTimeMilliseconds(speeds.Time));
        }
        else if (fault is not null)
        {
            LogNotTuned(fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Deadlines begin with the speeds that tune measured: {TokensPerSecond:0} tok/s at level 0, on {Time:u}")]
    private partial void LogTuned(double tokensPerSecond, DateTimeOffset time);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The speeds that tune measured are not used: {Fault}. Measure again: edge-agent tune --save")]
    private partial void LogNotTuned(string fault);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Loaded {Model} from {Path} in {Milliseconds} ms: context {Context} tokens, {Levels} levels")]
    private partial void LogLoaded(string model, string path, long milliseconds, int context, int levels);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "ONNX Runtime {Version} ({Library}), {Threads} threads: {Levels}")]
    private partial void LogRuntime(Version version, string library, int threads, string levels);
}
