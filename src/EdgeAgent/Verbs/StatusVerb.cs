using System.CommandLine;
using EdgeAgent.Diagnosis;
using EdgeAgent.Hosting;
using Spectre.Console;

namespace EdgeAgent.Verbs;

/// <summary>`status`: what the agent on this machine does now.</summary>
internal static class StatusVerb
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    public static Command Create(TimeProvider time)
    {
        var watch = new Option<bool>("--watch") { Description = "Go on, once a second, until Ctrl-C" };
        var count = new Option<int>("--count") { Description = "End --watch after so many; 0: do not" };
        var json = ModelArguments.Json();
        var data = ModelArguments.Text("--data", "DIR", "Folder of the state of the agent to ask");
        var config = ModelArguments.Text("--config", "FILE", "Configuration file of the agent to ask");
        var verb = new Command("status", "Show what the agent on this machine does now")
            { watch, json, data, config, count }
            .WithExamples(
                "edge-agent status                    level and cause, heat, power, queue, requests, broker",
                "edge-agent status --watch            the same, live",
                "edge-agent status --json             one JSON object; with --watch one per line",
                "edge-agent status --data ./state     an agent that was started with --data ./state");
        verb.SetAction(async (parsed, cancellation) =>
        {
            var isData = parsed.GetValue(data) is not null;
            var flags = isData ? new Dictionary<string, string> { ["--data"] = parsed.GetValue(data)! } : [];
            var verdict = AgentOptionsReader.Read(OptionSources.OfProcess(parsed.GetValue(config), flags));
            if (verdict.Options is not { } options)
            {
                Console.Error.Write(verdict.Message);
                return ExitCodes.WrongConfiguration;
            }
            var paths = StatusPath.Candidates(
                SystemdEnvironment.OfProcess().RuntimeFolder, options.Data, isData);
            return await ShowAsync(
                paths, parsed.GetValue(json), parsed.GetValue(watch) ? parsed.GetValue(count) : 1, time, cancellation);
        });
        return verb;
    }

    private static async Task<int> ShowAsync(
        IReadOnlyList<string> paths, bool json, int count, TimeProvider time, CancellationToken cancellation)
    {
        var isLive = count != 1 && !json && !Console.IsOutputRedirected;
        for (var i = 0; count == 0 || i < count; i++)
        {
            var verdict = await StatusQuery.AskAsync(paths, time, cancellation);
            if (verdict.Status is not { } status)
            {
                VerbOutput.Error(verdict.Fault!);
                return ExitCodes.Failed;
            }
            if (isLive)
            {
                AnsiConsole.Clear();
            }
            Print(verdict.Json!, status, json);
            if (i + 1 == count)
            {
                break;
            }
            await Task.Delay(s_interval, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellation.IsCancellationRequested)
            {
                // Ctrl-C is how a person ends --watch: done, not failed.
                break;
            }
        }
        return ExitCodes.Done;
    }

    private static void Print(byte[] document, AgentStatus status, bool json)
    {
        if (json)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(document);
            return;
        }
        foreach (var (name, text) in StatusText.Rows(status))
        {
            // A reason can hold what a device wrote: a terminal must not obey it.
            VerbOutput.Line($"{name,-12} {string.Concat(text.Select(c => char.IsControl(c) ? '?' : c))}");
        }
    }
}
