using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>What an exception of ONNX Runtime means to those who run the engine.</summary>
internal static class RuntimeFailure
{
    /// <summary>What ONNX Runtime says when memory is short: there is no code of its own for it.</summary>
    private static readonly string[] s_memory = ["bad_alloc", "Failed to allocate memory"];

    /// <param name="file">The graph's file; null: it has none.</param>
    public static InferenceException Of(OnnxRuntimeException error, string? file = null) => new(
        Array.Exists(s_memory, text => error.Message.Contains(text, StringComparison.Ordinal))
            ? InferenceFault.OutOfMemory : InferenceFault.GraphFailed,
        file is null ? error.Message : $"{file}: {error.Message}", error);
}
