using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace EdgeAgent.Hosting;

/// <summary>Makes the host that every long-running verb lives in, and runs it to an exit code.</summary>
internal static partial class AgentHost
{
    // Less than TimeoutStopSec of deploy/edge-agent.service, so that we end by ourselves and not by SIGKILL.
    internal static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(25);

    /// <summary>A host builder that knows options, clock, log, systemd, readiness and loops, and nothing else: no
    /// appsettings.json, no configuration but <see cref="AgentOptions"/>.</summary>
    /// <param name="isJson">Whether <c>--json</c> stood on the command line.</param>
    public static HostApplicationBuilder CreateBuilder(AgentOptions options, bool isJson, TimeProvider time)
    {
        var systemd = SystemdEnvironment.OfProcess();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(systemd);
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LongestStop);
        AddLog(builder.Logging, options, isJson, systemd, time);

        // Never UseSystemd(): it says READY when the host has started, which is long before the model answers.
        builder.Services.AddSingleton<ISystemdNotifier, SystemdNotifier>();
        builder.Services.AddSingleton<Notices>();
        builder.Services.AddSingleton(new LoopBeats(systemd.WatchdogInterval));
        builder.Services.AddSingleton<StatusLine>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddHostedService<LifetimeWorker>();
        builder.Services.AddHostedService<StatusLineWorker>();
        builder.Services.AddHostedService<WatchdogWorker>();
        return builder;
    }

    /// <summary>Runs until SIGTERM, Ctrl-C or a worker's end by an exception, and disposes the host.</summary>
    /// <returns><see cref="ExitCodes.Done"/> after a stop on request, <see cref="ExitCodes.Failed"/> where a worker
    /// failed or did not stop in time.</returns>
    public static async Task<int> RunAsync(IHost host)
    {
        using (host)
        {
            var workers = host.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
            var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("EdgeAgent");
            try
            {
                await host.StartAsync();
                await host.WaitForShutdownAsync();
            }
            catch (OperationCanceledException)
            {
                return ExitCodes.Failed;
            }
            // The host itself ends with 0 when a worker fails, and Restart=on-failure would not see it.
            var failures = workers
                .Select(worker => worker.ExecuteTask?.Exception?.InnerException).OfType<Exception>().ToList();
            failures.ForEach(failure => LogFailed(logger, failure));
            return failures.Count > 0 ? ExitCodes.Failed : ExitCodes.Done;
        }
    }

    /// <summary>Where a stack trace would help nobody, there is none.</summary>
    private static void LogFailed(ILogger logger, Exception failure) =>
        LogFailed(logger, failure.Message, failure is AgentFailureException ? null : failure);

    private static void AddLog(
        ILoggingBuilder log, AgentOptions options, bool isJson, SystemdEnvironment systemd, TimeProvider time)
    {
        var asJson = options.LogFormat == LogFormat.Json || (options.LogFormat == LogFormat.Auto && isJson);
        var look = asJson ? LogLook.Json : systemd.IsJournal(descriptor: 2) ? LogLook.Journal : LogLook.Text;
        log.SetMinimumLevel(options.LogLevel);
        // The host's own words are about its machinery; its warnings and errors concern us.
        log.AddFilter("Microsoft", options.LogLevel > LogLevel.Warning ? options.LogLevel : LogLevel.Warning);
        // It tells of a worker's failure with a stack trace and much about itself; RunAsync tells what failed.
        log.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        log.AddConsole(console =>
        {
            console.FormatterName = LogLineFormatter.FormatterName;
            // JSON lines are data for a script: standard output. Text is for people: standard error.
            console.LogToStandardErrorThreshold = asJson ? LogLevel.None : LogLevel.Trace;
            // A reader that stands still must not stop the loops: the logger counts what it drops.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        });
        log.Services.AddSingleton<ConsoleFormatter>(new LogLineFormatter(look, time));
    }

    [LoggerMessage(EventName = "failed", Level = LogLevel.Error, Message = "The agent ends: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason, Exception? error);
}
