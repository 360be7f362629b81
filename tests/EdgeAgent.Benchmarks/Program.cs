using EdgeAgent.Benchmarks;

// Each measurement runs in a process of its own: ONNX Runtime's pool and the memory of a process are made once.
return args switch
{
    ["memory", .. var rest] => MemoryMeasurement.Run(rest),
    ["speed", .. var rest] => SpeedMeasurement.Run(rest),
    ["agent", .. var rest] => AgentMeasurement.Run(rest),
    ["tune", .. var rest] => TuneMeasurement.Run(rest),
    ["batch", .. var rest] => BatchMeasurement.Run(rest),
    ["formats", .. var rest] => FormatMeasurement.Run(rest),
    ["peer", .. var rest] => PeerMeasurement.Run(rest),
    ["frontier", .. var rest] => FrontierMeasurement.Run(rest),
    ["import", .. var rest] => ImportMeasurement.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- memory [--model DIR] [--same] [--ladder]
            resident memory with no, one, two and all levels open, weights shared and not;
            --same: every level runs the graph of level 0, so that what a session costs alone is seen
            --ladder: against the same package without its further levels
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- speed [--model DIR] [--seconds N]
            tokens per second of decode and prefill at every level, one and two threads
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- agent [--count N]
            time to READY, time from publish to answer over a real Mosquitto, memory
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- tune [--model DIR] [--rounds N] [--threads N]
            each level's speed as tune measures it, against answers of the agent's own loop at that level
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- batch [--model DIR] [--sequences N] [--rounds N]
            sixteen requests at once, computed 1, 2, 4 ... N at a time
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- formats --source FILE.gguf [--rounds N]
                [--threads N]
            decode speed of a kept GGUF file against symmetric INT4, without and with zero points, by turns
        tests/EdgeAgent.Benchmarks/LlamaCpp/run [--source FILE.gguf] [--rounds N]
            prefill and decode of a quantized GGUF file against llama.cpp, by turns; without a file of random weights
            in Llama-3.2-1B's shape
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- frontier --source MODEL --text FILE
                [--points METHOD[:BITS],...]
            bits against perplexity: imports a model in every way, one after the other
        dotnet run -c Release --project tests/EdgeAgent.Benchmarks -- import [--source PATH] [--layers N] [--quant A,B]
            memory and time of an import in its sandbox; without a source a random model of Llama-3.2-1B's shape,
            with --gguf as a quantized GGUF file
        """);
    return 2;
}
