using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAgent.Inference.Runtime;

/// <summary>An array that is an input of a <see cref="TensorGraph"/>, pinned until it is disposed of.</summary>
internal sealed class GraphInput : IDisposable
{
    private GraphInput(string name, OrtValue value) => (Name, Value) = (name, value);

    public string Name { get; }

    internal OrtValue Value { get; }

    /// <summary>A view of the memory: what is written there later is what the next run sees.</summary>
    public static GraphInput Of<T>(string name, Memory<T> values, params long[] shape)
        where T : unmanaged =>
        new(name, OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values, shape));

    /// <summary>A tensor that somebody else owns.</summary>
    internal static GraphInput Of(string name, OrtValue tensor) => new(name, tensor);

    public void Dispose() => Value.Dispose();
}

/// <summary>Reads an output while it lies where ONNX Runtime has put it.</summary>
internal delegate void TensorReader(int output, ReadOnlySpan<float> values);

/// <summary>A graph that the model tools compute with: arrays in, arrays out.</summary>
/// <remarks>For graphs that this process has just built; those of a package go through GraphScan.</remarks>
internal sealed class TensorGraph : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();

    private TensorGraph(InferenceSession session) => _session = session;

    /// <exception cref="InferenceException">ONNX Runtime cannot load the graph.</exception>
    public static TensorGraph Open(byte[] graph)
    {
        OrtRuntime.Start();
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.DisablePerSessionThreads();
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        try
        {
            return new TensorGraph(new InferenceSession(graph, options));
        }
        catch (OnnxRuntimeException error)
        {
            throw RuntimeFailure.Of(error);
        }
    }

    /// <summary>Runs the graph and copies the named outputs, row-major.</summary>
    /// <exception cref="InferenceException">A kernel failed.</exception>
    public float[][] Run(IEnumerable<GraphInput> inputs, IReadOnlyList<string> outputs)
    {
        var copies = new float[outputs.Count][];
        Run(inputs, outputs, (output, values) => copies[output] = values.ToArray());
        return copies;
    }

    /// <summary>Runs the graph and shows the named outputs, row-major, with their places among the names.</summary>
    /// <exception cref="InferenceException">A kernel failed.</exception>
    public void Run(IEnumerable<GraphInput> inputs, IReadOnlyList<string> outputs, TensorReader read)
    {
        var given = inputs.ToList();
        try
        {
            using var results = _session.Run(_run, given.ConvertAll(input => input.Name),
                given.ConvertAll(input => input.Value), outputs);
            for (var i = 0; i < outputs.Count; i++)
            {
                read(i, results[i].GetTensorDataAsSpan<float>());
            }
        }
        catch (OnnxRuntimeException error)
        {
            throw RuntimeFailure.Of(error);
        }
    }

    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
