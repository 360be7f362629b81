using System.Runtime.InteropServices;

namespace EdgeAgent.Inference.Runtime;

/// <summary>The C library's heap, where ONNX Runtime keeps what it packs.</summary>
internal static partial class NativeHeap
{
    /// <summary>Gives pages back that hold nothing any more; the C library keeps them for the next that asks.</summary>
    public static void Trim()
    {
        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Only glibc has it; others give large pieces back by themselves.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
