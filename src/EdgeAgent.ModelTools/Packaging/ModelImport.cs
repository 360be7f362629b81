using System.Globalization;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Calibrate;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Import.Gguf;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>
/// Turns a Hugging Face folder or a GGUF file into a model package, beside its place and then moved there whole.
/// </summary>
public static class ModelImport
{
    /// <summary>Between the name of an output and the number of the process that makes it.</summary>
    private const string Partial = ".partial-";

    /// <summary>What is replaced lies here until the new package is in its place.</summary>
    private const string Old = ".old";

    /// <summary>Imports and returns the manifest; on any failure the output folder is as it was.</summary>
    /// <param name="progress">Receives how much is done, in per cent that grow; 100 when the package stands.</param>
    /// <exception cref="ModelToolsException">The source cannot become a package, or the output is something
    /// else.</exception>
    public static PackageManifest Run(
        ImportOptions options, Action<long>? progress = null, CancellationToken cancel = default)
    {
        using var source = Open(options.Source);
        var model = source.ReadConfig();
        var output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output));
        TakeAwayLeftovers(output);
        CheckOutput(output);
        var work = $"{output}{Partial}{Environment.ProcessId}";
        var missing = MissingParents(output);
        var reached = 0L;
        try
        {
            Directory.CreateDirectory(work);
            var plan = IsCalibrated(options.Quantization)
                ? Calibration.Plan(options, source, model, $"{work}.draft", Report, cancel) : null;
            var planned = plan is null ? 0 : Calibration.Percent(options);
            new PackageBuilder(options, source, model, work, output, plan).Build(
                percent => Report(planned + ((100 - planned) * percent / 100)), cancel);
            // What we wrote must be what we would accept: names and sizes came from outside.
            var manifest = PackageFolder.Open(work).Manifest;
            Replace(work, output);
            progress?.Invoke(100);
            return manifest;
        }
        catch (PackageException error)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid, $"{options.Source}: {error.Message}");
        }
        finally
        {
            if (Directory.Exists(work))
            {
                Directory.Delete(work, recursive: true);
            }
            foreach (var folder in missing.Where(folder =>
                Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()))
            {
                Directory.Delete(folder);
            }
        }

        void Report(long percent)
        {
            // What is reckoned from sizes can be wrong by the tensors that a package leaves out.
            if (Math.Min(percent, 99) > reached)
            {
                progress?.Invoke(reached = Math.Min(percent, 99));
            }
        }
    }

    /// <summary>The folders above the output that are not there, the lowest first.</summary>
    private static List<string> MissingParents(string output)
    {
        var missing = new List<string>();
        for (var folder = Path.GetDirectoryName(output); !Directory.Exists(folder) && folder is not null;
            folder = Path.GetDirectoryName(folder))
        {
            missing.Add(folder);
        }
        return missing;
    }

    /// <summary>Takes away what imports left beside this output that were killed, and puts a package back that one of
    /// them was about to replace.</summary>
    /// <param name="output">The package folder, which need not be there.</param>
    public static void TakeAwayLeftovers(string output)
    {
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        var parent = Path.GetDirectoryName(output);
        if (!Directory.Exists(parent))
        {
            return;
        }
        var start = $"{Path.GetFileName(output)}{Partial}";
        foreach (var folder in Directory.GetDirectories(parent))
        {
            var name = Path.GetFileName(folder);
            if (!name.StartsWith(start, StringComparison.Ordinal)
                || !int.TryParse(name[start.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture,
                    out var process)
                || (process != Environment.ProcessId && IsRunning(process)))
            {
                continue;
            }
            if (name.EndsWith(Old, StringComparison.Ordinal) && !Path.Exists(output))
            {
                Directory.Move(folder, output);
            }
            else
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>A process that has ended and that nobody has waited for has no command line any more.</summary>
    private static bool IsRunning(int process)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{process}/cmdline").Length > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Whether it reads text: bits, levels and calibration are for these methods alone.</summary>
    public static bool IsCalibrated(QuantizationMethod method) =>
        method is QuantizationMethod.Gptq or QuantizationMethod.Awq or QuantizationMethod.Auto;

    /// <summary>Keep for a file that is quantized, else auto; and why where it is neither.</summary>
    /// <exception cref="ModelToolsException">The source cannot be read.</exception>
    public static (QuantizationMethod Method, string? Reason) DefaultQuantization(string source)
    {
        using var model = Open(source);
        if (model.IsQuantized)
        {
            return (QuantizationMethod.Keep, null);
        }
        if (!model.HasTokenizer)
        {
            return (QuantizationMethod.Rtn, "the source has no tokenizer, and calibration needs text");
        }
        return model.ReadLevels(model.ReadConfig()).Count > 1
            ? (QuantizationMethod.Rtn, "the source brings its own pruning levels, and those were trained with it")
            : (QuantizationMethod.Auto, null);
    }

    private static IModelSource Open(string source) =>
        File.Exists(source) ? GgufModel.Open(source) : new HuggingFaceFolder(source);

    /// <summary>Writes measured accuracies into a package's manifest.</summary>
    /// <param name="accuracies">One for each level, in order.</param>
    public static PackageManifest RecordAccuracies(string package, IReadOnlyList<double> accuracies) =>
        Record(package, level => level with { Accuracy = accuracies[level.Level] });

    /// <summary>Writes measured perplexities into a package's manifest.</summary>
    /// <param name="perplexities">One for each level, in order.</param>
    public static PackageManifest RecordPerplexities(string package, IReadOnlyList<double> perplexities) =>
        Record(package, level => level with { Perplexity = Math.Round(perplexities[level.Level], 3) });

    private static PackageManifest Record(string package, Func<PruningLevel, PruningLevel> measured)
    {
        var manifest = PackageFolder.Open(package).Manifest;
        manifest = manifest with { Levels = [.. manifest.Levels.Select(measured)] };
        PackageBuilder.WriteManifest(package, manifest);
        return manifest;
    }

    /// <summary>Only a package may be replaced, and only one beside which nobody put anything.</summary>
    private static void CheckOutput(string output)
    {
        if (!Path.Exists(output) || (Directory.Exists(output) && !Directory.EnumerateFileSystemEntries(output).Any()))
        {
            return;
        }
        try
        {
            var known = PackageFolder.Open(output).Manifest.Files.Select(file => file.Name)
                .Concat(PackageBuilder.WrittenByPeople)
                .Concat([PackageManifest.FileName, PackageFolder.SignatureFileName]).ToHashSet(StringComparer.Ordinal);
            var stranger = Directory.EnumerateFileSystemEntries(output).Select(entry => Path.GetFileName(entry))
                .FirstOrDefault(name => !known.Contains(name));
            if (stranger is not null)
            {
                throw new ModelToolsException(ModelToolsFault.OutputExists,
                    $"{output} holds {stranger}, which does not belong to the package there and would be lost. "
                    + "Move it away, or name a new folder.");
            }
        }
        catch (PackageException error)
        {
            throw new ModelToolsException(ModelToolsFault.OutputExists,
                $"{output} exists and is not a model package. Name a new folder, or empty this one first. "
                + error.Message);
        }
    }

    private static void Replace(string work, string output)
    {
        var old = $"{work}{Old}";
        if (Directory.Exists(output))
        {
            Directory.Move(output, old);
        }
        Directory.Move(work, output);
        if (Directory.Exists(old))
        {
            Directory.Delete(old, recursive: true);
        }
    }
}
