using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EdgeAgent.ModelTools.Import;

/// <summary>Opens files that others wrote, in the one place where it is judged that they are regular files.</summary>
/// <remarks>
/// Whoever opens a pipe waits until somebody writes into it, a device may have no end, and to open one may change it.
/// So the kernel is asked for the type first (statx of Linux, include/uapi/linux/stat.h). Links are followed, as
/// download caches are made of them.
/// </remarks>
public static partial class SourceFile
{
    private const int CurrentFolder = -100;
    private const uint TypeWanted = 1;
    private const int DescriptionBytes = 256;
    private const int OffsetOfMode = 28;
    private const int TypeMask = 0xF000;
    private const int Regular = 0x8000;

    /// <summary>Says now what <see cref="Open"/> would say later, after long work.</summary>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="ModelToolsException">It is not there, or no regular file.</exception>
    public static void Require(string path, string name)
    {
        // What cannot be asked for is left to the opening, which knows the reason.
        if (TypeOf(path) is { } type and not Regular)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid,
                $"{name}: it is {Word(type)}, not a regular file.");
        }
        if (!File.Exists(path))
        {
            throw new ModelToolsException(ModelToolsFault.SourceMissing, $"{name}: it is not there.");
        }
    }

    /// <summary>Opens a regular file to read.</summary>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="ModelToolsException">It is not there, no regular file, or cannot be read.</exception>
    public static FileStream Open(string path, string name)
    {
        Require(path, name);
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid, $"{name}: {error.Message}");
        }
    }

    /// <summary>All bytes of a regular file.</summary>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="ModelToolsException">As <see cref="Open"/>, or it is longer than the limit.</exception>
    public static byte[] ReadBytes(string path, int maximumBytes, string name)
    {
        using var stream = Open(path, name);
        if (stream.Length > maximumBytes)
        {
            throw new ModelToolsException(ModelToolsFault.SourceInvalid,
                $"{name}: larger than {maximumBytes} bytes.");
        }
        // Never more than it said, though it may have become longer or shorter since.
        var bytes = new byte[stream.Length];
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    private static int? TypeOf(string path)
    {
        Span<byte> description = stackalloc byte[DescriptionBytes];
        return Describe(CurrentFolder, path, 0, TypeWanted, ref MemoryMarshal.GetReference(description)) == 0
            ? BinaryPrimitives.ReadUInt16LittleEndian(description[OffsetOfMode..]) & TypeMask
            : null;
    }

    private static string Word(int type) => type switch
    {
        0x1000 => "a pipe",
        0x2000 or 0x6000 => "a device",
        0x4000 => "a folder",
        0xC000 => "a socket",
        _ => "something else",
    };

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Describe(int folder, string path, int flags, uint wanted, ref byte description);
}
