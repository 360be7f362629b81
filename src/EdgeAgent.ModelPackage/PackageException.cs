namespace EdgeAgent.ModelPackage;

/// <summary>What can be wrong with a package; the name is what logs and answers show.</summary>
public enum PackageFaultKind
{
    FolderMissing,
    ManifestMissing,
    ManifestInvalid,
    FormatUnknown,
    FileMissing,
    FileUnreadable,
    FileNotListed,
    NotARegularFile,
    SizeDiffers,
    HashDiffers,

    /// <summary>It was imported without a tokenizer or without a chat template, and this needs one.</summary>
    CannotTalk,
}

/// <summary>One fault of a package: which file and why.</summary>
public sealed record PackageFault(PackageFaultKind Kind, string File, string Message);

/// <summary>A package that must not be used.</summary>
public sealed class PackageException(PackageFault fault) : Exception(fault.Message)
{
    public PackageFault Fault { get; } = fault;

    internal PackageException(PackageFaultKind kind, string file, string message)
        : this(new PackageFault(kind, file, message))
    {
    }
}
