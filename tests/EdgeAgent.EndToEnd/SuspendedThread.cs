using System.Runtime.InteropServices;

namespace EdgeAgent.EndToEnd;

/// <summary>One thread of another process, held still from outside for as long as this object lives.</summary>
/// <remarks>ptrace belongs to the thread that calls it, so a thread of our own seizes, interrupts, and then reaps: a
/// traced thread that nobody reaps would keep its dead process from being seen dead by its parent.</remarks>
internal sealed partial class SuspendedThread : IDisposable
{
    private const int Seize = 0x4206, Interrupt = 0x4207, Detach = 17;
    private const string Running = "running";
    private const int WaitAll = 0x40000000, NoHang = 1;

    private readonly TaskCompletionSource _isSuspended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _release = new();
    private readonly Thread _tracer;

    private SuspendedThread(int threadId)
    {
        _tracer = new Thread(() => Hold(threadId)) { Name = "tracer", IsBackground = true };
        _tracer.Start();
    }

    /// <summary>Suspends the thread with this name; the task ends when it stands still.</summary>
    /// <remarks>
    /// An agent that has just become ready may still be starting its other loops. The thread is held where it waits in
    /// the kernel: held in managed code, it would stop the next garbage collection and with it every other thread.
    /// </remarks>
    public static async Task<SuspendedThread> HoldAsync(int processId, string threadName)
    {
        var names = Names(processId);
        await Shell.UntilAsync(TimeSpan.FromSeconds(20), $"one thread is named {threadName}",
            () => Task.FromResult((names = Names(processId)).Values.Count(name => name == threadName) == 1),
            () => Task.FromResult(string.Join(", ", names.Values)));
        var threadId = names.First(thread => thread.Value == threadName).Key;
        SuspendedThread? held = null;
        await Shell.UntilAsync(TimeSpan.FromSeconds(20), $"the thread {threadName} is held while it waits",
            async () => (held = await HoldWaitingAsync(processId, threadId)) is not null,
            () => Task.FromResult(SystemCall(processId, threadId)));
        return held!;
    }

    private static async Task<SuspendedThread?> HoldWaitingAsync(int processId, int threadId)
    {
        var before = SystemCall(processId, threadId);
        if (before == Running)
        {
            return null;
        }
        var thread = new SuspendedThread(threadId);
        await thread._isSuspended.Task;
        if (SystemCall(processId, threadId) == before)
        {
            return thread;
        }
        thread.Dispose();
        return null;
    }

    // The number, arguments, stack and program counter of the call that the thread waits in (proc(5)).
    private static string SystemCall(int processId, int threadId) =>
        File.ReadAllText($"/proc/{processId}/task/{threadId}/syscall").Trim();

    private static Dictionary<int, string> Names(int processId)
    {
        var names = new Dictionary<int, string>();
        foreach (var task in Directory.GetDirectories($"/proc/{processId}/task"))
        {
            try
            {
                names[int.Parse(Path.GetFileName(task), null)] = File.ReadAllText(task + "/comm").Trim();
            }
            catch (IOException)
            {
                // A thread that ended while we looked.
            }
        }
        return names;
    }

    public void Dispose()
    {
        _release.Set();
        _tracer.Join();
        _release.Dispose();
    }

    private void Hold(int threadId)
    {
        if (PTrace(Seize, threadId, 0, 0) != 0 || PTrace(Interrupt, threadId, 0, 0) != 0)
        {
            _isSuspended.SetException(new InvalidOperationException($"ptrace: errno {Marshal.GetLastPInvokeError()}"));
            return;
        }
        WaitPid(threadId, out _, WaitAll);
        _isSuspended.SetResult();
        while (!_release.Wait(TimeSpan.FromMilliseconds(20)))
        {
            var reaped = WaitPid(threadId, out var status, WaitAll | NoHang);
            if (reaped != 0 && (status & 0xff) != 0x7f)
            {
                return; // the thread is dead, and reaped
            }
        }
        _ = PTrace(Detach, threadId, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    private static partial nint PTrace(nint request, int threadId, nint address, nint data);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int threadId, out int status, int options);
}
