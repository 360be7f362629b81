using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EdgeAgent.Sensors;

/// <summary>What came of reading one file of the board.</summary>
internal enum FileState
{
    Read,

    /// <summary>There is no such file.</summary>
    Absent,

    /// <summary>The driver says that its part is switched off (EAGAIN, ENODATA): nothing is broken.</summary>
    Asleep,

    /// <summary>The file is there and gave nothing usable: an error of the driver, too large, or a link that leaves the
    /// root.</summary>
    Failed,
}

/// <summary>One file of the board: its path below the sensors root, and in full.</summary>
internal sealed record BoardFile(string Path, string FullPath);

/// <summary>Bounded reading of `sys/`, `proc/`, … below one root folder, and writing of single numbers; never
/// throws.</summary>
/// <remarks>A read can block for as long as a driver likes: <see cref="SourceRunner"/> is what survives that.</remarks>
internal sealed partial class BoardFiles
{
    /// <summary>No file that we read is larger on a board; more is a mistake or an attack.</summary>
    public const int MaxFileBytes = 64 * 1024;

    /// <summary>Entries of one folder that are looked at; the largest machines have some hundred files in a hwmon
    /// folder.</summary>
    public const int MaxEntries = 1024;

    // errno values of Linux; .NET passes them on in HResult where it knows no better exception.
    private const int Eagain = 11;
    private const int Enodata = 61;

    [ThreadStatic]
    private static byte[]? t_buffer;

    private readonly string _root;
    private readonly string? _fence;

    /// <param name="root">Folder that holds `sys/` and `proc/`; `/` is the machine itself.</param>
    public BoardFiles(string root)
    {
        _root = System.IO.Path.GetFullPath(root);
        // On the machine itself a link cannot leave the root.
        _fence = _root == "/" ? null : (RealPath(_root) ?? _root).TrimEnd('/') + "/";
    }

    public BoardFile File(string path) => new(path, System.IO.Path.Join(_root, path));

    public bool Exists(string path)
    {
        var full = System.IO.Path.Join(_root, path);
        return System.IO.Path.Exists(full) && IsInside(full);
    }

    /// <summary>Reads a whole file; the bytes are valid until this thread's next read.</summary>
    /// <param name="firstPartIsEnough">Take the first 64 KiB of a larger file instead of failing.</param>
    public FileState Read(BoardFile file, out ReadOnlySpan<byte> bytes, bool firstPartIsEnough = false)
    {
        bytes = default;
        var buffer = t_buffer ??= new byte[MaxFileBytes + 1];
        try
        {
            if (!IsInside(file.FullPath))
            {
                return System.IO.Path.Exists(file.FullPath) ? FileState.Failed : FileState.Absent;
            }
            // Sharing with everybody: .NET would take an advisory lock otherwise, one system call more.
            using var handle = System.IO.File.OpenHandle(file.FullPath, share: FileShare.ReadWrite | FileShare.Delete);
            var length = Fill(handle, buffer);
            if (length > MaxFileBytes && !firstPartIsEnough)
            {
                return FileState.Failed;
            }
            bytes = buffer.AsSpan(0, Math.Min(length, MaxFileBytes));
            return FileState.Read;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return FileState.Absent;
        }
        catch (IOException e) when ((e.HResult & 0xffff) is Eagain or Enodata)
        {
            return FileState.Asleep;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException or System.Security.SecurityException)
        {
            return FileState.Failed;
        }
    }

    /// <summary>Writes a whole number into a file that exists; false where the board does not take it.</summary>
    public bool Write(BoardFile file, long value)
    {
        try
        {
            if (!IsInside(file.FullPath))
            {
                return false;
            }
            using var handle = System.IO.File.OpenHandle(
                file.FullPath, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(handle, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)), 0);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException or System.Security.SecurityException)
        {
            return false;
        }
    }

    /// <summary>The file as trimmed text of at most 128 characters, or null; for names and labels.</summary>
    public string? Text(string path) =>
        Read(File(path), out var bytes) == FileState.Read ? TextNumbers.ShortText(bytes) : null;

    /// <summary>The file as a whole number, or null; for limits that do not change.</summary>
    public long? Number(string path) =>
        Read(File(path), out var bytes) == FileState.Read && TextNumbers.TryInteger(bytes, out var value)
            ? value : null;

    /// <summary>Names in a folder that begin so, in the order of the numbers in them; empty where there is no
    /// folder.</summary>
    public IReadOnlyList<string> Names(string folder, string prefix, int limit)
    {
        try
        {
            var full = System.IO.Path.Join(_root, folder);
            if (!Directory.Exists(full) || !IsInside(full))
            {
                return [];
            }
            return [.. Directory.EnumerateFileSystemEntries(full).Take(MaxEntries).Select(System.IO.Path.GetFileName)
                .OfType<string>().Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal).Take(limit)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static int Fill(SafeFileHandle handle, byte[] buffer)
    {
        var length = 0;
        while (length < buffer.Length && RandomAccess.Read(handle, buffer.AsSpan(length), length) is > 0 and var count)
        {
            length += count;
        }
        return length;
    }

    private bool IsInside(string full) =>
        _fence is null || (RealPath(full) is { } real && (real + "/").StartsWith(_fence, StringComparison.Ordinal));

    private static string? RealPath(string path)
    {
        var resolved = ResolvePath(path, 0);
        if (resolved == 0)
        {
            return null;
        }
        try
        {
            return Marshal.PtrToStringUTF8(resolved);
        }
        finally
        {
            Free(resolved);
        }
    }

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ResolvePath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint pointer);
}
