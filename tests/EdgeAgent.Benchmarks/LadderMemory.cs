using System.Globalization;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Benchmarks;

/// <summary>Memory of a package with a pruning ladder, against the same package without one.</summary>
internal static class LadderMemory
{
    public static int Run(string model)
    {
        var copy = Directory.CreateTempSubdirectory("edge-agent-without-");
        var ladder = Directory.CreateTempSubdirectory("edge-agent-ladder-");
        try
        {
            // Copies both: how a file came into the page cache decides how much of it a process is said to have mapped.
            foreach (var file in Directory.EnumerateFiles(model))
            {
                File.Copy(file, Path.Combine(ladder.FullName, Path.GetFileName(file)));
            }
            var count = WithoutLadder(model, copy.FullName);
            model = ladder.FullName;
            var all = string.Join(',', Enumerable.Range(0, count));
            Console.WriteLine("| open | Rss MB | to without | private MB | to without | engine MB | to without |");
            Console.WriteLine("|---|---|---|---|---|---|---|");
            var empty = Measure("--model", copy.FullName, "--open", "none");
            Row("no level", empty, empty, null);
            var plain = Measure("--model", copy.FullName, "--open", "0");
            Row("a package without levels", plain, empty, plain);
            Row("level 0 of the ladder", Measure("--model", model, "--open", "0"), empty, plain);
            Row("the last level alone", Measure("--model", model, "--open", $"{count - 1}"), empty, plain);
            Row($"all {count} levels", Measure("--model", model, "--open", all), empty, plain);
            Row("all opened, all but level 0 closed again",
                Measure("--model", model, "--open", all, "--keep", "0"), empty, plain);
            Row("all opened, all but the last closed again",
                Measure("--model", model, "--open", all, "--keep", $"{count - 1}"), empty, plain);
        }
        finally
        {
            copy.Delete(recursive: true);
            ladder.Delete(recursive: true);
        }
        return 0;
    }

    /// <summary>Copies a package; the copy's manifest names level 0 alone.</summary>
    private static int WithoutLadder(string model, string folder)
    {
        var manifest = ManifestJson.Read(File.ReadAllBytes(Path.Combine(model, PackageManifest.FileName)));
        var further = manifest.Graphs.Where(graph => graph.Level > 0).Select(graph => graph.File).ToHashSet();
        foreach (var name in manifest.Files.Select(file => file.Name).Where(name => !further.Contains(name)))
        {
            File.Copy(Path.Combine(model, name), Path.Combine(folder, name));
        }
        File.WriteAllText(Path.Combine(folder, PackageManifest.FileName), ManifestJson.Write(manifest with
        {
            Graphs = [.. manifest.Graphs.Where(graph => graph.Level == 0)],
            Levels = [manifest.Levels[0]],
            Files = [.. manifest.Files.Where(file => !further.Contains(file.Name))],
        }));
        return manifest.Levels.Count;
    }

    private static double[] Measure(params string[] arguments) =>
        MemoryMeasurement.Numbers(Arguments.RunAlone(["memory", .. arguments]));

    private static void Row(string open, double[] measured, double[] empty, double[]? plain)
    {
        var (rss, own, engine) = (measured[0], measured[2], measured[2] - empty[2]);
        string Ratio(double value, double other) => plain is null ? ""
            : (value / other).ToString("0.00", CultureInfo.InvariantCulture);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {open} | {rss:0.0} ")
            + $"| {Ratio(rss, plain?[0] ?? 1)} "
            + string.Create(CultureInfo.InvariantCulture, $"| {own:0.0} | {Ratio(own, plain?[2] ?? 1)} ")
            + string.Create(CultureInfo.InvariantCulture,
                $"| {engine:0.0} | {Ratio(engine, (plain?[2] ?? 1) - empty[2])} |"));
    }
}
