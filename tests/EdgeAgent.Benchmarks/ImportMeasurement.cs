using System.Diagnostics;
using System.Globalization;

namespace EdgeAgent.Benchmarks;

/// <summary>Memory and time of an import: a model of a billion random weights, or one that is named.</summary>
internal static class ImportMeasurement
{
    private const int Seed = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static int Run(string[] arguments)
    {
        var layers = Arguments.Number(arguments, "--layers", 16);
        var work = Directory.CreateTempSubdirectory("edge-agent-import-").FullName;
        try
        {
            var source = Arguments.Text(arguments, "--source", "");
            if (source.Length == 0)
            {
                var isGguf = arguments.Contains("--gguf");
                source = Path.Combine(work, isGguf ? "source.gguf" : "source");
                Console.WriteLine($"Writing {layers} layers, seed {Seed} ...");
                Action<string, int, int> write = isGguf ? RandomGguf.Write : RandomModel.Write;
                write(source, layers, Seed);
            }
            Console.WriteLine("| `--quant` | private MB | resident MB | seconds | processor s | exit code |");
            Console.WriteLine("|---|---|---|---|---|---|");
            foreach (var quant in Arguments.Text(arguments, "--quant", "rtn").Split(','))
            {
                Measure(source, quant, Path.Combine(work, "package"));
            }
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static void Measure(string source, string quant, string output)
    {
        var started = Stopwatch.GetTimestamp();
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "edge-agent"),
            ["model", "import", source, "--out", output, "--quant", quant])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        // The second process of the sandbox does the work; the first one waits.
        var (largest, resident, processor) = (0L, 0L, 0L);
        while (!process.WaitForExit(Interval))
        {
            foreach (var id in Children(process.Id))
            {
                var status = Lines($"/proc/{id}/status");
                largest = Math.Max(largest, Bytes(status, "RssAnon:"));
                resident = Math.Max(resident, Bytes(status, "VmHWM:"));
                processor = Math.Max(processor, ProcessorTicks(id));
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| `{quant}` | {largest / 1_000_000} "
            + $"| {resident / 1_000_000} | {Stopwatch.GetElapsedTime(started).TotalSeconds:0} | {processor / 100} "
            + $"| {process.ExitCode} |"));
    }

    private static string[] Children(int process) => Lines($"/proc/{process}/task/{process}/children")
        .Concat(Directory.Exists($"/proc/{process}/task") ? Directory.GetDirectories($"/proc/{process}/task")
            .SelectMany(task => Lines($"{task}/children")) : [])
        .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct().ToArray();

    /// <summary>Of user and kernel, in hundredths of a second; the fields count from behind the name.</summary>
    private static long ProcessorTicks(string process) => Lines($"/proc/{process}/stat") is [var line, ..]
        && line[(line.LastIndexOf(')') + 2)..].Split(' ') is { Length: > 13 } fields
        ? long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)
        : 0;

    private static long Bytes(string[] status, string name) =>
        status.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? 1024 * long.Parse(line[name.Length..^" kB".Length], CultureInfo.InvariantCulture) : 0;

    /// <summary>Nothing where the process has ended in between.</summary>
    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
