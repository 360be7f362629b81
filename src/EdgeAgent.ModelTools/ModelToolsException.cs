namespace EdgeAgent.ModelTools;

/// <summary>What can go wrong in the model tools; the name is what logs show.</summary>
public enum ModelToolsFault
{
    SourceMissing,
    SourceInvalid,
    ArchitectureUnknown,
    OutputExists,
    TasksInvalid,
    CalibrationFailed,
    NotComparable,
}

/// <summary>A source that cannot become a package, or a file that cannot be evaluated.</summary>
public sealed class ModelToolsException(ModelToolsFault fault, string message) : Exception(message)
{
    public ModelToolsFault Fault { get; } = fault;
}
