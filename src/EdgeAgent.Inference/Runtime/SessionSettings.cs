using EdgeAgent.ModelPackage;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>Makes the options of one level's session: memory, threads and execution providers.</summary>
internal static class SessionSettings
{
    public static readonly IReadOnlyList<string> KnownProviders = ["tensorrt", "cuda", "cpu"];

    /// <param name="notes">Receives one line: which provider runs the graph, and why a wished one does not.</param>
    public static SessionOptions Create(
        EngineOptions engine, GraphFile graph, string packagePath, List<string> notes)
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableCpuMemArena = true,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.DisablePerSessionThreads();
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        // Graphs come as checked bytes. ONNX Runtime wants to see that the data file exists, but never reads it: every
        // tensor of it is handed over in memory.
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", packagePath);
        if (engine.ProfilePrefix is { } prefix)
        {
            options.ProfileOutputPathPrefix = $"{prefix}-level-{graph.Level}";
            options.EnableProfiling = true;
        }
        AppendProviders(options, engine, graph, notes);
        return options;
    }

    private static void AppendProviders(
        SessionOptions options, EngineOptions engine, GraphFile graph, List<string> notes)
    {
        var available = OrtEnv.Instance().GetAvailableProviders();
        var missing = new List<string>();
        foreach (var provider in engine.Providers)
        {
            if (provider == "cpu")
            {
                break;
            }
            var name = provider == "tensorrt" ? "TensorrtExecutionProvider" : "CUDAExecutionProvider";
            if (!available.Contains(name))
            {
                missing.Add($"{provider}: not in this ONNX Runtime {OrtRuntime.LibraryVersion}");
                continue;
            }
            try
            {
                if (provider == "tensorrt")
                {
                    options.AppendExecutionProvider_Tensorrt();
                }
                else
                {
                    options.AppendExecutionProvider_CUDA();
                }
                missing.Add($"{provider} in use");
            }
            catch (OnnxRuntimeException error)
            {
                missing.Add($"{provider}: {error.Message}");
            }
        }
        var fallback = missing.Count == 0 ? "" : $" ({string.Join("; ", missing)})";
        notes.Add($"level {graph.Level}: {graph.File} on cpu{fallback}");
    }
}
