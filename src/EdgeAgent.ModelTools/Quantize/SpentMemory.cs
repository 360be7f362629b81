using EdgeAgent.Inference.Runtime;

namespace EdgeAgent.ModelTools.Quantize;

/// <summary>What steps of a calibration that are over hold still, because nobody has looked for it.</summary>
/// <remarks>
/// A layer of a billion parameters' model has arrays of 270 MB. .NET looks for those that nobody needs any more when
/// some gigabytes have come together: what may be allocated between two looks is a multiple of what is in use.
/// </remarks>
internal static class SpentMemory
{
    /// <summary>Below this much on .NET's heap, looking costs more than it gives.</summary>
    private const long WorthwhileBytes = 100_000_000;

    /// <summary>On .NET's heap after the last look, or less.</summary>
    private static long s_usedBytes;

    /// <summary>Gives it back to the system before the next step asks for as much again.</summary>
    public static void GiveBack()
    {
        if (GC.GetTotalMemory(forceFullCollection: false) >= WorthwhileBytes)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            Volatile.Write(ref s_usedBytes, GC.GetTotalMemory(forceFullCollection: false));
        }
        NativeHeap.Trim();
    }

    /// <summary>Makes its place free for the same step once enough has come together.</summary>
    public static void Sweep()
    {
        var bytes = GC.GetTotalMemory(forceFullCollection: false);
        if (bytes >= Volatile.Read(ref s_usedBytes) + WorthwhileBytes)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
            bytes = GC.GetTotalMemory(forceFullCollection: false);
        }
        else
        {
            // Less than after the last look: that step is over, and much of what it held was given back.
            bytes = Math.Min(bytes, Volatile.Read(ref s_usedBytes));
        }
        Volatile.Write(ref s_usedBytes, bytes);
    }
}
