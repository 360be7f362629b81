using System.Diagnostics;
using System.Globalization;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Evaluate;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Benchmarks;

/// <summary>Bits of the body against perplexity: one source, imported in many ways.</summary>
internal static class FrontierMeasurement
{
    private const int Tokens = 1024;
    private const int Window = 512;

    private const string AllPoints = "none,keep,rtn,gptq:4.5,gptq:5,awq:4.5,awq:5,"
        + "auto:4.5,auto:4.75,auto:5,auto:5.5,auto:6,auto:7";

    /// <summary>A line for each point as soon as it stands; a point is a method, or a method and its bits.</summary>
    public static int Run(string[] arguments)
    {
        var (source, text) = (Arguments.Text(arguments, "--source", ""), Arguments.Text(arguments, "--text", ""));
        if (!Path.Exists(source) || !File.Exists(text))
        {
            Console.Error.WriteLine("frontier: name the model with --source PATH and the text with --text FILE.");
            return 2;
        }
        Console.WriteLine("| `--quant` | bits of the body | weights MB | perplexity | import s | processor s |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var point in Arguments.Text(arguments, "--points", AllPoints).Split(','))
        {
            Console.WriteLine(Measure(point.Split(':'), source, text));
        }
        return 0;
    }

    private static string Measure(string[] point, string source, string text)
    {
        var folder = Directory.CreateTempSubdirectory("edge-agent-frontier-");
        try
        {
            var options = new ImportOptions
            {
                Source = source,
                Output = Path.Combine(folder.FullName, "package"),
                Quantization = Enum.Parse<QuantizationMethod>(point[0], ignoreCase: true),
                Name = "frontier",
            };
            if (point.Length > 1)
            {
                options = options with { Bits = double.Parse(point[1], CultureInfo.InvariantCulture) };
            }
            using var process = Process.GetCurrentProcess();
            var (start, before) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
            var manifest = ModelImport.Run(options);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            process.Refresh();
            var processor = (process.TotalProcessorTime - before).TotalSeconds;
            var bits = manifest.Quantization.BodyBits is { } body
                ? body.ToString("0.00", CultureInfo.InvariantCulture) : "";
            return string.Create(CultureInfo.InvariantCulture, $"| `{string.Join("` `--bits ", point)}` | {bits} "
                + $"| {manifest.Memory.WeightsBytes / 1e6:0.0} | {Perplexity(options.Output, text):0.000} "
                + $"| {seconds:0} | {processor:0} |");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static double Perplexity(string path, string text)
    {
        using var package = LoadedPackage.Open(path);
        using var engine = new InferenceEngine(
            package, new EngineOptions { Context = Window, ChunkTokens = 256, LogitRows = 64 });
        var tokens = new List<int>();
        package.Tokenizer.Encode(File.ReadAllBytes(text), tokens);
        return PerplexityEvaluation.Run(engine, [.. tokens.Take(Tokens)], Window, level: 0).Perplexity;
    }
}
