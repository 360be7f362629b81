using System.Runtime.InteropServices;

namespace EdgeAgent.Inference.Runtime;

/// <summary>Address space whose pages come into being when they are first touched, all zero.</summary>
internal sealed partial class ReservedMemory : SafeHandle
{
    private const int ProtectReadWrite = 3;
    private const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    private const int AdviseDontNeed = 4;

    private ReservedMemory(IntPtr address, nuint length)
        : base(-1, ownsHandle: true)
    {
        SetHandle(address);
        LengthBytes = length;
    }

    public nuint LengthBytes { get; }

    public IntPtr Address => handle;

    public override bool IsInvalid => handle == -1;

    /// <exception cref="InferenceException">The kernel refused the address space.</exception>
    public static ReservedMemory Reserve(long lengthBytes)
    {
        var address = Map(0, (nuint)lengthBytes, ProtectReadWrite, MapPrivateAnonymousNoReserve, -1, 0);
        return address != -1
            ? new ReservedMemory(address, (nuint)lengthBytes)
            : throw new InferenceException(InferenceFault.OutOfMemory,
                $"{lengthBytes >> 20} MiB of address space: {Marshal.GetLastPInvokeErrorMessage()}. "
                + "Choose a smaller context or fewer sequences.");
    }

    /// <summary>Gives all touched pages back; they read as zero afterwards.</summary>
    public void GiveBack() => _ = Advise(handle, LengthBytes, AdviseDontNeed);

    protected override bool ReleaseHandle() => Unmap(handle, LengthBytes) == 0;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial IntPtr Map(IntPtr address, nuint length, int protect, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(IntPtr address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(IntPtr address, nuint length, int advice);
}
