using System.Runtime.InteropServices;

namespace EdgeAgent.Hosting.Confined;

/// <summary>What a thread gives up for good, and with it every process that it starts.</summary>
/// <remarks>
/// seccomp and Landlock need no rights, unlike namespaces: they hold for ordinary users, within containers, and where
/// unprivileged user namespaces are turned off. Numbers are those of Linux' include/uapi (seccomp.h, filter.h,
/// landlock.h, prctl.h, audit.h, asm/unistd.h).
/// </remarks>
internal static partial class Confinement
{
    private const int SetSeccomp = 22;
    private const int SeccompModeFilter = 2;
    private const int SetNoNewPrivileges = 38;
    private const int SetParentDeathSignal = 1;
    private const int Terminate = 15;
    private const int LimitOfWritableMemory = 2;
    private const int PermissionDenied = 13;

    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfGreaterOrEqual = 0x35;
    private const ushort Return = 0x06;
    private const uint Allow = 0x7fff0000;
    private const uint Refuse = 0x00050000 | PermissionDenied;

    /// <summary>Calls of x86-64's 32-bit sister are numbered from here; ours never are.</summary>
    private const uint FirstForeignCall = 0x40000000;

    /// <summary>Ends the calling thread's use of sockets, and the ways around that: io_uring and other processes'
    /// memory and files.</summary>
    /// <remarks>socket, io_uring_setup, ptrace, process_vm_readv, process_vm_writev, pidfd_getfd.</remarks>
    /// <returns>Null, or why the kernel does not do it.</returns>
    public static string? GiveUpNetwork() => GiveUp(RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? [198, 425, 117, 270, 271, 438]
        : [41, 425, 101, 310, 311, 438]);

    /// <summary>Has the kernel refuse these calls, by their numbers on this processor, to the calling thread.</summary>
    /// <returns>Null, or why the kernel does not do it.</returns>
    public static string? GiveUp(params uint[] calls)
    {
        if (AuditedArchitecture is not { } architecture)
        {
            return $"not built for {RuntimeInformation.ProcessArchitecture}";
        }
        var filter = Filter(architecture, calls);
        unsafe
        {
            fixed (FilterStep* steps = filter)
            {
                var program = new FilterProgram { Length = (ushort)filter.Length, Steps = (nint)steps };
                return Control(SetNoNewPrivileges, 1, 0, 0, 0) == 0
                    && Control(SetSeccomp, SeccompModeFilter, (nint)(&program), 0, 0) == 0
                    ? null : Marshal.GetLastPInvokeErrorMessage();
            }
        }
    }

    /// <summary>Ends this process when its parent ends, with a signal that lets it tidy up.</summary>
    /// <remarks>The kernel keeps this for the calling thread, so that must be one that stays, as the first.</remarks>
    /// <returns>False where the parent has ended already.</returns>
    public static bool EndWith(int parent) =>
        Control(SetParentDeathSignal, Terminate, 0, 0, 0) == 0 && ParentOfProcess() == parent;

    /// <summary>Limits the private writable memory of this process, touched or not; a narrower limit stays.</summary>
    /// <returns>Null, or why the kernel does not do it.</returns>
    public static string? LimitMemory(long bytes)
    {
        if (GetLimit(LimitOfWritableMemory, out var inForce) == 0 && inForce.Most <= (ulong)bytes)
        {
            return null;
        }
        var limit = new Limit { Now = (ulong)bytes, Most = (ulong)bytes };
        return SetLimit(LimitOfWritableMemory, limit) == 0 ? null : Marshal.GetLastPInvokeErrorMessage();
    }

    /// <summary>Asks a process to end.</summary>
    public static void Signal(int process) => _ = Kill(process, Terminate);

    private static uint? AuditedArchitecture => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0xC000003E,
        Architecture.Arm64 => 0xC00000B7,
        _ => null,
    };

    /// <summary>Refuses the given calls and all of a foreign kind, and lets everything else through.</summary>
    private static FilterStep[] Filter(uint architecture, uint[] refused)
    {
        const uint offsetOfCall = 0, offsetOfArchitecture = 4;
        var count = (byte)refused.Length;
        return
        [
            new(LoadWord, 0, 0, offsetOfArchitecture),
            new(JumpIfEqual, 0, (byte)(count + 3), architecture),
            new(LoadWord, 0, 0, offsetOfCall),
            new(JumpIfGreaterOrEqual, (byte)(count + 1), 0, FirstForeignCall),
            .. refused.Select((call, i) => new FilterStep(JumpIfEqual, (byte)(count - i), 0, call)),
            new(Return, 0, 0, Allow),
            new(Return, 0, 0, Refuse),
        ];
    }

    /// <summary>One instruction: struct sock_filter of the kernel.</summary>
    private readonly record struct FilterStep(ushort Code, byte IfTrue, byte IfFalse, uint Value);

    /// <summary>All instructions: struct sock_fprog of the kernel.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public nint Steps;
    }

    /// <summary>A limit now and the most that it can be raised to: struct rlimit of the kernel.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Now;
        public ulong Most;
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int what, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentOfProcess();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
