using System.Runtime.InteropServices;

namespace EdgeAgent.Inference.Runtime;

/// <summary>The C library's heap, where ONNX Runtime keeps what it packs.</summary>
internal static partial class NativeHeap
{
    /// <summary>M_MMAP_THRESHOLD of malloc.h.</summary>
    private const int MapThreshold = -3;

    private const int LargeBytes = 1 << 20;

    /// <summary>From now on every large piece is pages of its own, which go back as soon as it is freed.</summary>
    /// <remarks>
    /// Left alone, glibc raises its limit with each large piece that is freed, up to 32 MiB, and takes the next ones
    /// from the heaps of its threads. The free end of such a heap stays with the process, <see cref="Trim()"/> or not.
    /// </remarks>
    public static void MapLargePieces() => Call(() => SetOption(MapThreshold, LargeBytes));

    /// <summary>Gives pages back that hold nothing any more; the C library keeps them for the next that asks.</summary>
    public static void Trim() => Call(() => Trim(0));

    private static void Call(Func<int> function)
    {
        try
        {
            _ = function();
        }
        catch (EntryPointNotFoundException)
        {
            // Only glibc has it; others give large pieces back by themselves.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
