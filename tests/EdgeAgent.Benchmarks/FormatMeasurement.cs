using System.Diagnostics;
using System.Globalization;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Benchmarks;

/// <summary>Decode speed of a quantized GGUF file as it is kept, against plain INT4 with and without zero
/// points.</summary>
/// <remarks>
/// All engines are in one process and take turns, so that another process's load hits all alike. A package beside them
/// (<c>--beside DIR</c>) comes first: ratios are to it.
/// </remarks>
internal static class FormatMeasurement
{
    private const int Past = 100;
    private const int TokensOfATurn = 16;

    public static int Run(string[] arguments)
    {
        var source = Arguments.Text(arguments, "--source", "");
        if (!File.Exists(source))
        {
            Console.Error.WriteLine("formats: name a quantized GGUF file with --source FILE.");
            return 2;
        }
        var folder = Directory.CreateTempSubdirectory("edge-agent-formats-");
        try
        {
            var plain = Import(source, folder.FullName, QuantizationMethod.Rtn);
            var beside = Arguments.Text(arguments, "--beside", "");
            (string Name, string Path)[] packages =
            [
                .. beside.Length > 0 ? [(Path.GetFileName(beside), beside)] : Array.Empty<(string, string)>(),
                ("symmetric INT4, blocks of 32", plain),
                ("the same, explicit UINT4 zero points of 8",
                    ZeroPointRewrite.Copy(plain, Path.Combine(folder.FullName, "uint4"), asFloats: false)),
                ("the same, fp32 zero points of 8",
                    ZeroPointRewrite.Copy(plain, Path.Combine(folder.FullName, "fp32"), asFloats: true)),
                ("`keep`", Import(source, folder.FullName, QuantizationMethod.Keep)),
            ];
            Measure(packages, Arguments.Number(arguments, "--rounds", 40), Arguments.Number(arguments, "--threads", 1));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        return 0;
    }

    /// <summary>Imports a GGUF file beneath a folder and says where the package is.</summary>
    internal static string Import(string source, string folder, QuantizationMethod method)
    {
        var output = Path.Combine(folder, method.ToString());
        ModelImport.Run(
            new ImportOptions { Source = source, Output = output, Quantization = method, Name = "formats" });
        return output;
    }

    private static void Measure((string Name, string Path)[] packages, int rounds, int threads)
    {
        var opened = Array.ConvertAll(packages, package => LoadedPackage.Open(package.Path));
        var engines = Array.ConvertAll(opened, package => new InferenceEngine(
            package, new EngineOptions { Threads = threads, Context = 2 * Past }));
        var measured = Turns.Measure(Array.ConvertAll<InferenceEngine, Func<double>>(
            engines, engine => () => Decode(engine)), rounds);
        Console.WriteLine($"{rounds} turns of {TokensOfATurn} tokens, past {Past}, {threads} thread(s); medians");
        Console.WriteLine("| package | data MB | tok/s | to the first, turn by turn |");
        Console.WriteLine("|---|---|---|---|");
        for (var i = 0; i < packages.Length; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {packages[i].Name} "
                + $"| {new FileInfo(Path.Combine(packages[i].Path, "model.data")).Length / 1e6:0.0} "
                + $"| {TokensOfATurn / measured[i].Seconds:0.0} | {measured[i].Ratio:0.00} |"));
        }
        Array.ForEach(engines, engine => engine.Dispose());
        Array.ForEach(opened, package => package.Dispose());
    }

    private static double Decode(InferenceEngine engine)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < TokensOfATurn; i++)
        {
            engine.Decode([5 + i], [Past + i], level: 0);
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
