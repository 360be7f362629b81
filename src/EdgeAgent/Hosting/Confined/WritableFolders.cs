using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeAgent.Hosting.Confined;

/// <summary>Ends a thread's right to change files, but below the folders that it keeps (Landlock).</summary>
internal static partial class WritableFolders
{
    private const int CreateRuleset = 444;
    private const int AddRule = 445;
    private const int RestrictSelf = 446;
    private const nint AskVersion = 1;
    private const nint RulePathBeneath = 1;
    private const int PathOnly = 0x200000 | 0x80000;

    private const ulong WriteFile = 1 << 1;

    /// <summary>Removing and making of files, folders, links and devices: Landlock's bits 4 to 12.</summary>
    private const ulong ChangeFolder = 0x1ff0;
    private const ulong MoveBetweenFolders = 1 << 13;
    private const ulong Truncate = 1 << 14;

    /// <summary>Where programs write what is no file.</summary>
    private static readonly string[] s_devices = ["/dev/null", "/dev/tty"];

    /// <summary>Gives up changing files anywhere but below a folder that exists; reading stays.</summary>
    /// <returns>Null, or why the kernel does not do it.</returns>
    public static string? Keep(string folder)
    {
        var version = Call(CreateRuleset, 0, 0, AskVersion, 0);
        if (version < 1)
        {
            return Marshal.GetLastPInvokeErrorMessage();
        }
        // A right that this kernel does not know yet must not be named; it knows them in this order.
        var files = WriteFile | (version >= 3 ? Truncate : 0);
        var folders = files | ChangeFolder | (version >= 2 ? MoveBetweenFolders : 0);
        unsafe
        {
            using var rules = new SafeFileHandle(Call(CreateRuleset, (nint)(&folders), sizeof(ulong), 0, 0), true);
            return !rules.IsInvalid && Allow(rules, folder, folders)
                && s_devices.Where(File.Exists).All(device => Allow(rules, device, files))
                && Call(RestrictSelf, rules.DangerousGetHandle(), 0, 0, 0) == 0
                ? null : Marshal.GetLastPInvokeErrorMessage();
        }
    }

    private static unsafe bool Allow(SafeFileHandle rules, string path, ulong rights)
    {
        using var place = Open(path, PathOnly);
        if (place.IsInvalid)
        {
            return false;
        }
        var rule = new PathBeneath { Rights = rights, Parent = (int)place.DangerousGetHandle() };
        return Call(AddRule, rules.DangerousGetHandle(), RulePathBeneath, (nint)(&rule), 0) == 0;
    }

    /// <summary>A folder and the rights there: struct landlock_path_beneath_attr of the kernel.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct PathBeneath
    {
        public ulong Rights;
        public int Parent;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
