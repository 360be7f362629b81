using System.Globalization;
using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Benchmarks;

/// <summary>Resident memory of a process with some levels open, from /proc/self/smaps_rollup.</summary>
internal static class MemoryMeasurement
{
    private const int StepsOfEachLevel = 32;

    /// <summary>Without --levels: all rows of the table, each measured in a process of its own.</summary>
    public static int Run(string[] arguments)
    {
        var model = Arguments.Model(arguments);
        if (Arguments.Text(arguments, "--levels", "") is { Length: > 0 } levels)
        {
            Console.WriteLine(Measure(model,
                [.. Enumerable.Range(0, int.Parse(levels, CultureInfo.InvariantCulture))], kept: null,
                arguments.Contains("--share")));
            return 0;
        }
        if (Arguments.Text(arguments, "--open", "") is { Length: > 0 } open)
        {
            Console.WriteLine(Measure(model, [.. open.Split(',').Select(level => level == "none" ? -1 : int.Parse(level,
                CultureInfo.InvariantCulture)).Where(level => level >= 0)],
                arguments.Contains("--keep") ? Arguments.Number(arguments, "--keep", 0) : null));
            return 0;
        }
        if (arguments.Contains("--ladder"))
        {
            return LadderMemory.Run(model);
        }
        if (arguments.Contains("--same"))
        {
            return RunOverOneGraph(model);
        }
        Console.WriteLine("| levels open | weights | Rss MB | Pss MB | private MB | engine MB | to one level |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        using var package = LoadedPackage.Open(model);
        int[] counts = [.. new[] { 1, 2, package.Manifest.Levels.Count }.Distinct()];
        foreach (var sharing in new[] { "--share", "--apart" })
        {
            var empty = Numbers(Arguments.RunAlone("memory", "--model", model, "--levels", "0", sharing));
            var one = 0.0;
            Row(0, sharing, empty, 0, "");
            foreach (var count in counts)
            {
                var measured = Numbers(Arguments.RunAlone("memory", "--model", model, "--levels", $"{count}", sharing));
                var engine = measured[2] - empty[2];
                one = count == 1 ? engine : one;
                Row(count, sharing, measured, engine, $"{engine / one:0.00}");
            }
        }
        return 0;
    }

    /// <summary>A copy of the package whose every level is level 0: a further one costs its session.</summary>
    private static int RunOverOneGraph(string model)
    {
        var copy = Directory.CreateTempSubdirectory("edge-agent-same-");
        try
        {
            foreach (var file in Directory.EnumerateFiles(model))
            {
                File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
            }
            var path = Path.Combine(copy.FullName, PackageManifest.FileName);
            var manifest = ManifestJson.Read(File.ReadAllBytes(path));
            var graph = manifest.Graphs.First(g => g.Level == 0);
            File.WriteAllText(path, ManifestJson.Write(manifest with
            {
                Graphs = [.. manifest.Levels.Select(level => graph with { Level = level.Level })],
            }));
            return Run(["--model", copy.FullName]);
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    private static void Row(int count, string sharing, double[] measured, double engine, string ratio) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {count} | {(sharing == "--share" ? "shared" : "apart")} "
            + $"| {measured[0]:0.0} | {measured[1]:0.0} | {measured[2]:0.0} | {engine:0.0} | {ratio} |"));

    /// <param name="kept">Closes all levels but this one before memory is read.</param>
    private static string Measure(string path, int[] levels, int? kept, bool share = true)
    {
        using var package = LoadedPackage.Open(path);
        using var engine = new InferenceEngine(package, new EngineOptions { Threads = 2, ShareWeights = share });
        Array.ForEach(levels, engine.Open);
        foreach (var level in levels)
        {
            for (var step = 0; step < StepsOfEachLevel; step++)
            {
                engine.Decode([5], [step], level);
            }
        }
        foreach (var level in levels.Where(level => kept is not null && level != kept))
        {
            engine.Close(level).Wait();
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var lines = File.ReadAllLines("/proc/self/smaps_rollup");
        double[] megabytes =
        [
            Megabytes(lines, "Rss:"), Megabytes(lines, "Pss:"),
            Megabytes(lines, "Private_Clean:") + Megabytes(lines, "Private_Dirty:"),
        ];
        return string.Join(' ', megabytes.Select(value => value.ToString("0.000", CultureInfo.InvariantCulture)));
    }

    private static double Megabytes(string[] lines, string name) =>
        double.Parse(lines.First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    public static double[] Numbers(string line) =>
        [.. line.Split(' ').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
}
