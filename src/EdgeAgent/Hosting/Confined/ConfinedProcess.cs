using System.Diagnostics;
using System.Globalization;

namespace EdgeAgent.Hosting.Confined;

/// <summary>What a confined process may have.</summary>
/// <param name="Folder">The only folder below which it changes files; it exists.</param>
/// <param name="MemoryBytes">Private writable memory.</param>
internal sealed record ConfinedLimits(string Folder, long MemoryBytes);

/// <summary>How a confined process ended.</summary>
/// <param name="ExitCode">128 and the signal's number where a signal ended it.</param>
internal sealed record ConfinedEnd(int ProcessId, int ExitCode);

/// <summary>A program without network, without files but those of one folder, and with a limit of memory.</summary>
/// <remarks>
/// A thread of its own gives up the rights and starts the program, which inherits that; the rest of this process keeps
/// them. Memory is limited by the program itself, because a limit holds for a whole process: .NET's heap through its
/// environment, everything else by <see cref="Accept"/>. It has our terminal and process group, so Ctrl-C reaches it.
/// </remarks>
internal static class ConfinedProcess
{
    /// <summary>Tells our own program that it is the confined one: parent and memory limit.</summary>
    private const string Variable = "EDGE_AGENT_CONFINED";

    /// <summary>Of the limit; the rest is for what is not .NET's heap: libraries, stacks, the compiler.</summary>
    private const double HeapShare = 0.75;

    /// <summary>For a process that has got Ctrl-C as well as we have.</summary>
    private static readonly TimeSpan s_untilSignal = TimeSpan.FromSeconds(0.5);

    /// <summary>From our signal on, so that we end within the two seconds of every verb.</summary>
    private static readonly TimeSpan s_untilKill = TimeSpan.FromSeconds(1);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="missing">Told, in words for people, each protection that this kernel does not give.</param>
    public static ConfinedEnd Run(
        ProcessStartInfo start, ConfinedLimits limits, Action<string> missing, CancellationToken cancel)
    {
        start.Environment[Variable] = string.Create(
            CultureInfo.InvariantCulture, $"{Environment.ProcessId}:{limits.MemoryBytes}");
        start.Environment["DOTNET_GCHeapHardLimit"] =
            ((long)(limits.MemoryBytes * HeapShare)).ToString("x", CultureInfo.InvariantCulture);
        // Debuggers talk to .NET through a socket and pipes in the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        ConfinedEnd? end = null;
        Exception? failure = null;
        // The kernel ends the program when this thread ends, so it waits.
        var thread = new Thread(() =>
        {
            try
            {
                Tell(missing, "no protection from network", Confinement.GiveUpNetwork());
                Tell(missing, "no protection of other files", WritableFolders.Keep(limits.Folder));
                using var process = Process.Start(start)!;
                end = new ConfinedEnd(process.Id, Wait(process, cancel));
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        return end ?? throw new IOException($"{start.FileName} cannot be started: {failure!.Message}", failure);
    }

    /// <summary>In the program that was started: takes the limit on itself and ends with its parent.</summary>
    /// <param name="missing">As for <see cref="Run"/>.</param>
    /// <returns>The memory limit in bytes; null in a process that nobody confined.</returns>
    /// <exception cref="OperationCanceledException">The parent has ended.</exception>
    public static long? Accept(Action<string> missing) =>
        Accept(Environment.GetEnvironmentVariable(Variable), missing);

    /// <param name="told">What the parent has said: its number and the memory limit, or nothing.</param>
    internal static long? Accept(string? told, Action<string> missing)
    {
        if (told?.Split(':') is not [var parent, var memory]
            || !int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !long.TryParse(memory, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
        {
            return null;
        }
        if (!Confinement.EndWith(id))
        {
            throw new OperationCanceledException();
        }
        Tell(missing, "no limit of memory but that of .NET's heap", Confinement.LimitMemory(bytes));
        return bytes;
    }

    private static void Tell(Action<string> missing, string what, string? why)
    {
        if (why is not null)
        {
            missing($"{what}: {why}");
        }
    }

    private static int Wait(Process process, CancellationToken cancel)
    {
        try
        {
            process.WaitForExitAsync(cancel).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            if (!process.WaitForExit(s_untilSignal))
            {
                Confinement.Signal(process.Id);
            }
            if (!process.WaitForExit(s_untilKill))
            {
                process.Kill();
                process.WaitForExit();
            }
        }
        return process.ExitCode;
    }
}
