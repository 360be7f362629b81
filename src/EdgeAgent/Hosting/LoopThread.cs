using System.Collections.Concurrent;

namespace EdgeAgent.Hosting;

/// <summary>Runs an asynchronous loop on one named thread of its own, from its first line to its last.</summary>
/// <remarks>
/// A loop that owns its thread cannot be starved by work that others give to the thread pool, and `top -H` and a
/// debugger show it by name. Continuations that keep their context come back to this thread.
/// </remarks>
internal static class LoopThread
{
    /// <summary>Starts the loop; the task ends as the loop does.</summary>
    /// <param name="name">At most 15 characters are shown by the kernel.</param>
    public static Task RunAsync(string name, Func<Task> loop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(loop, ended)) { Name = name, IsBackground = true }.Start();
        return ended.Task;
    }

    private static void Run(Func<Task> loop, TaskCompletionSource ended)
    {
        using var context = new LoopContext();
        SynchronizationContext.SetSynchronizationContext(context);
        var task = loop();
        task.ContinueWith(_ => context.Complete(), TaskScheduler.Default);
        context.Pump();
        SynchronizationContext.SetSynchronizationContext(null);
        ended.SetFromTask(task);
    }

    /// <summary>The queue of continuations of one loop.</summary>
    private sealed class LoopContext : SynchronizationContext, IDisposable
    {
        private readonly BlockingCollection<(SendOrPostCallback Continue, object? State)> _queue = [];

        public override void Post(SendOrPostCallback d, object? state)
        {
            try
            {
                _queue.Add((d, state));
            }
            catch (InvalidOperationException)
            {
                // The loop has ended; what it started and did not await goes on elsewhere.
                ThreadPool.QueueUserWorkItem(_ => d(state));
            }
        }

        public void Pump()
        {
            foreach (var (next, state) in _queue.GetConsumingEnumerable())
            {
                next(state);
            }
        }

        public void Complete() => _queue.CompleteAdding();

        public void Dispose() => _queue.Dispose();
    }
}
