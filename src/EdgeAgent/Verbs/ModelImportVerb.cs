using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Hosting.Confined;
using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Verbs;

/// <summary>`model import`: turns a published model into a package.</summary>
internal static class ModelImportVerb
{
    public static Command Create(TimeProvider time)
    {
        var source = new Argument<string>("SOURCE")
        {
            Description = "Hugging Face folder (config.json, *.safetensors, tokenizer.json) or GGUF file",
        };
        var output = ModelArguments.Text(
            "--out", "DIR", "Package folder to make; an older package there is replaced");
        output.Required = true;
        var quant = ModelArguments.Text("--quant", "HOW",
            "keep: as a GGUF file has it, the default there; auto: INT4 and INT8 by measured loss, the default else; "
            + "gptq, awq: INT4, calibrated; rtn: INT4, rounded to nearest, in seconds; none: fp32, for checks");
        quant.AcceptOnlyFromAmong("keep", "rtn", "awq", "gptq", "auto", "none");
        var bits = Bits();
        var levels = ModelArguments.Number(
            "--levels", "With auto, gptq and awq: pruning levels to make for a model that brings none; 1: none", 1);
        var steps = ModelArguments.Number("--distillation-steps",
            "With auto and gptq: training steps for each level that is made; 0: none, quicker and less good", 24);
        var calibration = ModelArguments.Text("--calibration", "FILE",
            "With auto, gptq and awq: text to calibrate on; default: prose of ours, and answers that the model writes");
        var name = ModelArguments.Text("--name", "NAME", "Name of the model; default: the folder's");
        var version = ModelArguments.Text("--model-version", "X.Y.Z", "Version of the model", "1.0.0");
        var licence = ModelArguments.Text("--licence", "SPDX", "Licence of the model, as an SPDX expression");
        var tasks = ModelArguments.Text("--tasks", "FILE", "Measure every level on these tasks and record it");
        var text = ModelArguments.Text(
            "--text", "FILE", "Measure every level's perplexity on the first 1024 tokens of this text and record it");
        var open = new Option<bool>("--no-sandbox")
        {
            Description = "Import in this process: with network, all files and no limit of memory. For sources that "
                + "you trust",
        };
        var json = ModelArguments.Json();
        var verb = new Command("import", "Turn a published model into a model package, without Python")
            { source, output, quant, bits, levels, steps, calibration, name, version, licence, tasks, text, open }
            .WithExamples(
                "edge-agent model import ../shared/nano --out models-lite/nano",
                "edge-agent model import ./SmolLM2-135M --out ./smollm2 --licence Apache-2.0",
                "edge-agent model import ./SmolLM2-135M-Instruct.Q4_1.gguf --out ./smollm2",
                "edge-agent model import ./mine --out ./mine-fp32 --quant none");
        verb.Options.Add(json);
        verb.SetAction((parsed, cancel) =>
        {
            // On the first thread, which stays: the kernel ends a sandboxed process through it.
            var memory = ConfinedProcess.Accept(ImportSandbox.WarnOf);
            return Task.Run(() => parsed.GetValue(open) || memory is not null
                ? OrWhy(() => Import(parsed, cancel), parsed.GetValue(source)!, parsed.GetValue(output)!, memory)
                : ImportSandbox.Run(parsed.GetValue(source)!, parsed.GetValue(output)!,
                    parsed.GetValue(levels) > 1 && parsed.GetValue(steps) > 0, cancel), cancel);
        });
        return verb;

        int Import(ParseResult parsed, CancellationToken cancel)
        {
            var options = new ImportOptions
            {
                Source = parsed.GetValue(source)!,
                Output = parsed.GetValue(output)!,
                Quantization = Method(parsed.GetValue(quant), parsed.GetValue(source)!),
                Bits = Within(parsed.GetValue(bits), 4.5, 9, "--bits"),
                Levels = (int)Within(parsed.GetValue(levels), 1, 8, "--levels"),
                DistillationSteps = (int)Within(parsed.GetValue(steps), 0, 1000, "--distillation-steps"),
                Calibration = parsed.GetValue(calibration),
                Name = parsed.GetValue(name),
                Version = parsed.GetValue(version)!,
                Licence = parsed.GetValue(licence),
            };
            CheckRead(parsed, options.Quantization, bits, levels, steps, calibration);
            return Run(options, parsed.GetValue(tasks), parsed.GetValue(text), parsed.GetValue(json), time, cancel);
        }
    }

    /// <summary>What a method would not read must not be asked of it.</summary>
    private static void CheckRead(ParseResult parsed, QuantizationMethod method, params Option[] ofCalibration)
    {
        if (!ModelImport.IsCalibrated(method)
            && Array.Find(ofCalibration, option => parsed.GetResult(option) is { Implicit: false }) is { } unread)
        {
            throw new UsageException($"{unread.Name}: needs --quant auto, gptq or awq; "
                + $"this import is {method.ToString().ToLowerInvariant()}.");
        }
    }

    private static Option<double> Bits() => new("--bits")
    {
        Description = "With auto, gptq and awq: bits of a weight of the body on average, scales included",
        HelpName = "N",
        DefaultValueFactory = _ => 5.5,
    };

    /// <summary>Runs an import, and says how to go on where it was stopped or had too little memory.</summary>
    private static int OrWhy(Func<int> import, string source, string output, long? memory)
    {
        try
        {
            return import();
        }
        catch (OperationCanceledException)
        {
            VerbOutput.Error(ImportSandbox.Interrupted(output));
        }
        catch (Exception error) when (IsOutOfMemory(error))
        {
            VerbOutput.Error($"{source}: the import needs more {ImportSandbox.TooMuch(memory)}");
        }
        return ExitCodes.Failed;
    }

    private static bool IsOutOfMemory(Exception error) =>
        error is OutOfMemoryException or InferenceException { Fault: InferenceFault.OutOfMemory }
        || (error as AggregateException)?.InnerExceptions.Any(IsOutOfMemory) == true
        || (error.InnerException is { } inner && IsOutOfMemory(inner));

    private static QuantizationMethod Method(string? name, string source)
    {
        if (Enum.TryParse<QuantizationMethod>(name, ignoreCase: true, out var wanted))
        {
            return wanted;
        }
        var (method, reason) = ModelImport.DefaultQuantization(source);
        if (reason is not null)
        {
            Console.Error.WriteLine($"--quant {method.ToString().ToLowerInvariant()}: {reason}.");
        }
        return method;
    }

    private static double Within(double value, double least, double most, string option) =>
        value >= least && value <= most
            ? value
            : throw new UsageException(FormattableString.Invariant(
                $"{option} {value}: must lie from {least} to {most}."));

    private static int Run(
        ImportOptions options, string? taskFile, string? text, bool json, TimeProvider time, CancellationToken cancel)
    {
        // What is read last is judged first: nothing is to be left of an import that cannot be finished.
        foreach (var (file, option) in new[] { (text, "--text"), (options.Calibration, "--calibration") })
        {
            if (file is not null)
            {
                SourceFile.Require(file, $"{option} {file}");
            }
        }
        var tasks = taskFile is null ? null : TaskFile.Read(taskFile);
        var megabytes = Math.Max(1, ImportSandbox.SizeBytes(options.Source) / 1_000_000);
        var line = new ProgressLine("weights", megabytes, time, "MB");
        var manifest = ModelImport.Run(options, percent => line.Report(megabytes * percent / 100), cancel);
        line.End();
        if (tasks is not null)
        {
            manifest = ModelImport.RecordAccuracies(options.Output, Measure(options.Output, tasks, time));
        }
        if (text is not null)
        {
            manifest = ModelImport.RecordPerplexities(options.Output, ModelEvalVerb.Perplexities(options.Output, text));
        }
        if (json)
        {
            VerbOutput.Line(ManifestJson.Write(manifest));
        }
        else
        {
            ModelManifestVerb.Print(manifest);
            if (options.Levels > 1 && manifest.Levels.Count != options.Levels)
            {
                VerbOutput.Line($"It has {manifest.Levels.Count} levels and not {options.Levels}: a model that brings "
                    + "levels keeps them, and a level that would repeat another is left out.");
            }
            VerbOutput.Line($"Wrote {options.Output}. {Next(manifest, options.Output)}");
        }
        return ExitCodes.Done;
    }

    private static string Next(PackageManifest manifest, string output)
    {
        var hasTokenizer = manifest.Files.Any(file => file.Name == PackageManifest.TokenizerFileName);
        return manifest.Chat is not null
            ? $"Try it: edge-agent ask \"…\" --model {output}"
            : $"The source has no {(hasTokenizer ? "chat template" : "tokenizer")}: "
                + "`ask` and `run` refuse this package, `model logits` runs it.";
    }

    private static double[] Measure(string path, IReadOnlyList<EvaluationTask> tasks, TimeProvider time)
    {
        using var package = LoadedPackage.Open(path);
        using var engine = ModelArguments.EvaluationEngine(package);
        return [.. Enumerable.Range(0, engine.LevelCount).Select(level =>
            ModelEvalVerb.Accuracy(package, engine, tasks, level, time).Accuracy)];
    }
}
