using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Benchmarks;

/// <summary>Prefill and greedy decode of one quantized GGUF file: this engine against llama.cpp.</summary>
/// <remarks>
/// llama.cpp runs in a process beside this one (<c>LlamaCpp/turns.mjs</c>) and takes its turns there.
/// </remarks>
internal static class PeerMeasurement
{
    private const int Past = 100;
    private const int Context = 512;
    private const int PrefillTokens = 256;
    private const int DecodeTokens = 32;

    /// <summary>Of a model of random weights, where no file is named.</summary>
    private const int Layers = 16;

    private const int Seed = 5;

    /// <summary>Without --threads: one table for one and two threads, each in a process of its own.</summary>
    public static int Run(string[] arguments)
    {
        var source = Arguments.Text(arguments, "--source", "");
        var script = Arguments.Text(arguments, "--peer", "");
        if (!File.Exists(script))
        {
            Console.Error.WriteLine("peer: needs --peer turns.mjs with its packages beside it; see LlamaCpp/run.");
            return 2;
        }
        var folder = Directory.CreateTempSubdirectory("edge-agent-peer-");
        try
        {
            if (source.Length == 0)
            {
                source = Path.Combine(folder.FullName, "random.gguf");
                RandomGguf.Write(source, Layers, Seed);
            }
            Run(arguments, source, script, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        return 0;
    }

    private static void Run(string[] arguments, string source, string script, string folder)
    {
        var rounds = Arguments.Number(arguments, "--rounds", 20);
        if (Arguments.Number(arguments, "--threads", 0) is > 0 and var threads)
        {
            Measure(source, script, folder, threads, rounds);
            return;
        }
        Console.WriteLine($"{rounds} turns; prefill: {PrefillTokens} tokens; decode: {DecodeTokens} tokens from a past "
            + $"of {Past}, greedy; medians");
        Console.WriteLine("| threads | engine | prefill tok/s | to llama.cpp | decode tok/s | to llama.cpp |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var count in new[] { 1, 2 })
        {
            Console.WriteLine(Arguments.RunAlone("peer", "--source", source, "--peer", script, "--rounds", $"{rounds}",
                "--threads", $"{count}"));
        }
    }

    private static void Measure(string source, string script, string folder, int threads, int rounds)
    {
        using var peer = new Peer(script, source, threads);
        using var keep = new Ours(source, folder, QuantizationMethod.Keep, threads);
        using var rtn = new Ours(source, folder, QuantizationMethod.Rtn, threads);
        (string Name, Func<double> Prefill, Func<double> Decode)[] engines =
        [
            (peer.Name, () => peer.Seconds("prefill", PrefillTokens), () => peer.Seconds("decode", DecodeTokens)),
            ("EdgeAgent, `keep`", keep.Prefill, keep.Decode),
            ("EdgeAgent, `rtn`", rtn.Prefill, rtn.Decode),
        ];
        var prefills = Turns.Measure([.. engines.Select(engine => engine.Prefill)], rounds);
        var decodes = Turns.Measure([.. engines.Select(engine => engine.Decode)], rounds);
        for (var i = 0; i < engines.Length; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {threads} | {engines[i].Name} "
                + $"| {PrefillTokens / prefills[i].Seconds:0} | {prefills[i].Ratio:0.00} "
                + $"| {DecodeTokens / decodes[i].Seconds:0.0} | {decodes[i].Ratio:0.00} |"));
        }
    }

    private sealed class Ours : IDisposable
    {
        private readonly LoadedPackage _package;
        private readonly InferenceEngine _engine;

        public Ours(string source, string folder, QuantizationMethod method, int threads)
        {
            _package = LoadedPackage.Open(FormatMeasurement.Import(source, folder, method));
            _engine = new InferenceEngine(_package,
                new EngineOptions { Threads = threads, Context = Context, ChunkTokens = PrefillTokens });
        }

        public double Prefill()
        {
            var start = Stopwatch.GetTimestamp();
            _engine.Extend(0, Turns.Tokens(PrefillTokens), past: 0, level: 0);
            _ = Greatest();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public double Decode()
        {
            _engine.Extend(0, Turns.Tokens(Past), past: 0, level: 0);
            var (token, start) = (5, Stopwatch.GetTimestamp());
            for (var i = 0; i < DecodeTokens; i++)
            {
                _engine.Decode([token], [Past + i], level: 0);
                token = Greatest();
            }
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public void Dispose()
        {
            _engine.Dispose();
            _package.Dispose();
        }

        private int Greatest() => TensorPrimitives.IndexOfMax(_engine.Logits(0));
    }

    private sealed class Peer : IDisposable
    {
        private readonly Process _process;

        public Peer(string script, string source, int threads)
        {
            _process = Process.Start(new ProcessStartInfo("node",
                [script, source, $"{threads}", $"{Context}", $"{Past}"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
            Name = Line();
        }

        public string Name { get; }

        public double Seconds(string turn, int count)
        {
            _process.StandardInput.WriteLine($"{turn} {count}");
            return double.Parse(Line(), CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }

        private string Line() => _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException("llama.cpp's process has ended; its error is above.");
    }
}
