using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Sensors;
using Spectre.Console;

namespace EdgeAgent.Verbs;

/// <summary>`sensors`: what the board says of itself, once or live.</summary>
internal static class SensorsVerb
{
    /// <summary>Loads and energies are differences: the first snapshot has none.</summary>
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(300);

    public static Command Create(TimeProvider time)
    {
        var watch = new Option<bool>("--watch") { Description = "Go on until Ctrl-C" };
        var json = new Option<bool>("--json") { Description = "One JSON object per snapshot and line" };
        var root = new Option<string>("--sensors-root")
        {
            Description = "Folder that holds sys/ and proc/ in place of the board's own",
            HelpName = "DIR",
            DefaultValueFactory = _ => "/",
        };
        var interval = new Option<int>("--interval")
        {
            Description = "Milliseconds between two snapshots of --watch, 100 to 60000",
            HelpName = "MS",
            DefaultValueFactory = _ => 1000,
        };
        var count = new Option<int>("--count") { Description = "End --watch after so many snapshots; 0: do not" };
        var gpio = new Option<string[]>("--gpio") { Description = "A digital input: NAME=CHIP:LINE[:low]" };
        var verb = new Command("sensors", "Show temperature, power, memory and load of the board")
            { watch, json, root, interval, count, gpio }
            .WithExamples(
                "edge-agent sensors                          all readings, once",
                "edge-agent sensors --watch                  with a chart of the last minute",
                "edge-agent sensors --watch --json           one JSON object per second",
                "edge-agent sensors --gpio interlock=0:17    with GPIO 17 of the first chip");
        verb.SetAction(async (parsed, cancellation) =>
        {
            var milliseconds = parsed.GetValue(interval);
            if (milliseconds is < 100 or > 60_000)
            {
                throw new UsageException("--interval wants 100 to 60000 milliseconds.");
            }
            using var reader = new SensorReader(Options(parsed.GetValue(root)!, parsed.GetValue(gpio) ?? []), time);
            reader.Read();
            await Task.Delay(s_firstPause, time, cancellation);
            var loop = new Loop(reader, time, TimeSpan.FromMilliseconds(milliseconds), parsed.GetValue(count));
            if (!parsed.GetValue(watch))
            {
                Print(reader.Read(), time, parsed.GetValue(json));
            }
            else if (parsed.GetValue(json) || Console.IsOutputRedirected)
            {
                await loop.RunAsync(snapshot => Print(snapshot, time, parsed.GetValue(json)), cancellation);
            }
            else
            {
                var chart = new SensorsChart(time);
                await AnsiConsole.Live(chart.Draw()).StartAsync(live => loop.RunAsync(
                    snapshot =>
                    {
                        chart.Add(snapshot);
                        live.UpdateTarget(chart.Draw());
                    },
                    cancellation));
            }
            return ExitCodes.Done;
        });
        return verb;
    }

    private static SensorOptions Options(string root, string[] gpio)
    {
        if (!Directory.Exists(Path.Join(root, "sys")) && !Directory.Exists(Path.Join(root, "proc")))
        {
            throw new UsageException($"--sensors-root {root}: there is no sys/ and no proc/ in it.");
        }
        var inputs = gpio.Select(text => GpioInput.TryParse(text)
            ?? throw new UsageException($"--gpio {text}: write NAME=CHIP:LINE[:low], like interlock=0:17:low."));
        return new SensorOptions
        {
            Root = root,
            DataFolder = Directory.GetCurrentDirectory(),
            GpioInputs = [.. inputs.Take(GpioInputs.MaxInputs)],
        };
    }

    private static void Print(SensorSnapshot snapshot, TimeProvider time, bool isJson)
    {
        if (isJson)
        {
            VerbOutput.Json(writer => SensorsText.Write(writer, snapshot, time));
            return;
        }
        if (Console.IsOutputRedirected)
        {
            // Without a terminal there is no width to fit into: one reading is one line.
            foreach (var reading in snapshot.Readings)
            {
                var row = SensorsText.Row(reading);
                VerbOutput.Line($"{row[0],-36} {row[1],12} {row[2],12} {row[3],-7} {row[4]}");
            }
        }
        else
        {
            VerbOutput.Table(["reading", "value", "limit", "state", "source"],
                snapshot.Readings.Select(SensorsText.Row));
        }
        foreach (var told in snapshot.Events)
        {
            VerbOutput.Error($"{told.Name}: {told.Detail}");
        }
    }

    /// <summary>Takes snapshots until it is cancelled or has taken enough.</summary>
    private sealed class Loop(SensorReader reader, TimeProvider time, TimeSpan interval, int count)
    {
        public async Task RunAsync(Action<SensorSnapshot> show, CancellationToken cancellation)
        {
            for (var i = 0; count == 0 || i < count; i++)
            {
                show(reader.Read());
                if (i + 1 == count)
                {
                    return;
                }
                try
                {
                    await Task.Delay(interval, time, cancellation);
                }
                catch (OperationCanceledException)
                {
                    // Ctrl-C is how a person ends --watch: done, not failed.
                    return;
                }
            }
        }
    }
}
