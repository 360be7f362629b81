using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>Makes the options of one level's session: memory, threads and execution provider.</summary>
internal static class SessionSettings
{
    /// <exception cref="InferenceException">The chosen provider cannot be started.</exception>
    public static SessionOptions Create(EngineOptions engine, ProviderChoice choice, string packagePath)
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
            options.ProfileOutputPathPrefix = $"{prefix}-level-{choice.Graph.Level}";
            options.EnableProfiling = true;
        }
        AppendProvider(options, choice.Provider);
        return options;
    }

    private static void AppendProvider(SessionOptions options, string provider)
    {
        try
        {
            switch (provider)
            {
                case "tensorrt":
                    options.AppendExecutionProvider_Tensorrt();
                    break;
                case "cuda":
                    options.AppendExecutionProvider_CUDA();
                    break;
                default:
                    // The CPU is always there.
                    break;
            }
        }
        catch (OnnxRuntimeException error)
        {
            throw new InferenceException(InferenceFault.GraphFailed,
                $"ONNX Runtime cannot start {provider}: {error.Message} Leave it out of inference.providers.", error);
        }
    }
}
