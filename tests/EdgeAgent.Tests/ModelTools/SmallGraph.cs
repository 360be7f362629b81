using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Graphs;
using EdgeAgent.Tests.Inference;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Runs a graph of a few nodes in ONNX Runtime, to see what it makes of stored weights.</summary>
internal static class SmallGraph
{
    /// <summary>Stores weights, builds the graph over them and gives its one output.</summary>
    /// <param name="build">Gets the graph and the data file, and names the output.</param>
    public static float[] Run<T>(
        string folder, T[] input, long[] shape, TensorProto.Types.DataType type,
        Func<OnnxGraph, WeightsFile, string> build)
        where T : unmanaged
    {
        var graph = new OnnxGraph("small");
        graph.Input("x", type, [.. shape.Select((_, i) => (object)$"d{i}")]);
        using (var stream = File.Create(Path.Combine(folder, WeightsFile.FileName)))
        using (var file = new WeightsFile(stream))
        {
            graph.Output(build(graph, file), TensorProto.Types.DataType.Float, "o0", "o1");
            file.Finish();
        }
        var path = Path.Combine(folder, "small.onnx");
        File.WriteAllBytes(path, graph.Model().ToByteArray());
        OrtRuntime.Start(RunningModel.Threads);
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        options.DisablePerSessionThreads();
        using var session = new InferenceSession(path, options);
        using var value = OrtValue.CreateTensorValueFromMemory(input, shape);
        using var run = new RunOptions();
        using var results = session.Run(run, ["x"], [value], session.OutputNames);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
