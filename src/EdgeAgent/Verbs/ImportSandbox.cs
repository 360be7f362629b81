using System.Diagnostics;
using EdgeAgent.Hosting;
using EdgeAgent.Hosting.Confined;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Verbs;

/// <summary>Runs `model import` as a second process that can harm nothing but the folder that it writes to.</summary>
/// <remarks>Sources come from strangers. Parsers are fuzzed; this holds where they are wrong nevertheless.</remarks>
internal static class ImportSandbox
{
    /// <summary>.NET, ONNX Runtime and what calibration holds; docs/MODELS.md has what was measured.</summary>
    private const long BaseBytes = 1L << 30;

    /// <summary>Weights in memory for each byte of the source: 4-bit weights become 32-bit ones, one matrix at a
    /// time, and the largest matrix is most often a third of the model.</summary>
    private const int BytesForSourceByte = 4;

    /// <summary>What the distillation of a ladder holds beside a layer, more with what waits to be collected.</summary>
    private const long DistillationBytes = 1L << 30;

    /// <summary>Of the machine's memory: what the rest needs stays.</summary>
    private const double LargestShare = 0.75;

    private const int MaximumFiles = 10_000;
    private const int FirstSignalCode = 128;

    /// <summary>Imports in the second process, which has this one's arguments and terminal.</summary>
    /// <param name="distils">It trains the levels of a ladder.</param>
    /// <returns>Its exit code.</returns>
    public static int Run(string source, string output, bool distils, CancellationToken cancel)
    {
        var limits = new ConfinedLimits(ExistingParent(output), MemoryBytes(source, distils));
        var end = ConfinedProcess.Run(Again(), limits, WarnOf, cancel);
        if (end.ExitCode is ExitCodes.Done or ExitCodes.Failed or ExitCodes.WrongUsage)
        {
            return end.ExitCode;
        }
        ModelImport.TakeAwayLeftovers(output);
        VerbOutput.Error(cancel.IsCancellationRequested ? Interrupted(output)
            : $"{source}: the import was ended by signal {end.ExitCode - FirstSignalCode}, most likely for want of "
                + TooMuch(limits.MemoryBytes));
        return ExitCodes.Failed;
    }

    /// <summary>Says which protection this kernel does not give.</summary>
    public static void WarnOf(string missing) =>
        VerbOutput.Error($"the sandbox of this import lacks something, {missing}. It goes on without.");

    /// <summary>What an import says that was stopped.</summary>
    public static string Interrupted(string output) =>
        $"interrupted; {output} is as it was. Run the same command again: it starts from the beginning.";

    /// <summary>The end of a sentence about memory that was not there.</summary>
    /// <param name="limit">Null: there is no sandbox, and all of the machine's memory was not enough.</param>
    public static string TooMuch(long? limit) => limit is { } bytes
        ? $"memory: the sandbox gives it {bytes >> 20} MiB. If you trust the source, import it with --no-sandbox."
        : "memory. Import it on a larger machine, or with --quant rtn.";

    /// <summary>What an import of this source may take.</summary>
    private static long MemoryBytes(string source, bool distils) => (long)Math.Min(
        BaseBytes + (distils ? DistillationBytes : 0) + ((double)BytesForSourceByte * SizeBytes(source)),
        LargestShare * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>Of a file, or of the files of a folder; a link, as download caches have them, counts as its
    /// target.</summary>
    public static long SizeBytes(string source)
    {
        var files = Directory.Exists(source)
            ? new DirectoryInfo(source).EnumerateFiles().Take(MaximumFiles) : [new FileInfo(source)];
        return files.Select(file => file.ResolveIfLink()).Where(file => file.Exists).Sum(file => file.Length);
    }

    private static FileInfo ResolveIfLink(this FileInfo file) =>
        file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;

    /// <summary>The folder in which the import will make its output, or the nearest above it that is there.</summary>
    private static string ExistingParent(string output)
    {
        var folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)));
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? "/";
    }

    /// <summary>This program with these arguments, whether it has a file of its own or runs by `dotnet`.</summary>
    private static ProcessStartInfo Again()
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program);
        var arguments = Environment.GetCommandLineArgs();
        var isHosted = Path.GetFileNameWithoutExtension(program) == "dotnet";
        foreach (var argument in isHosted ? arguments : arguments[1..])
        {
            start.ArgumentList.Add(argument);
        }
        return start;
    }
}
