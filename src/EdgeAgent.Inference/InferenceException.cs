namespace EdgeAgent.Inference;

/// <summary>What can go wrong in the engine; the name is what logs and answers show.</summary>
public enum InferenceFault
{
    LibraryMissing,
    LibraryTooOld,
    ProviderUnknown,
    GraphRefused,
    GraphFailed,
    ContextExceeded,
    OutOfMemory,
}

/// <summary>An engine that cannot be made, or a step that it cannot run.</summary>
public sealed class InferenceException(InferenceFault fault, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public InferenceFault Fault { get; } = fault;
}
