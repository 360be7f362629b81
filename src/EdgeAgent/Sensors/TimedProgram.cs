using System.ComponentModel;
using System.Diagnostics;

namespace EdgeAgent.Sensors;

/// <summary>Runs a program without a shell, without input and within a time.</summary>
internal static class TimedProgram
{
    /// <summary>What it says is kept this far, for one line of a log.</summary>
    private const int MaxText = 400;

    /// <summary>The full path of a program, by PATH where it is a bare name; null where there is none.</summary>
    /// <remarks>.NET would look in the working folder before PATH, and that is the agent's state.</remarks>
    public static string? Find(string program, string? path)
    {
        if (program.Contains('/'))
        {
            return File.Exists(program) ? Path.GetFullPath(program) : null;
        }
        foreach (var folder in (path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Path.IsPathRooted(folder) && Path.Join(folder, program) is var file && File.Exists(file))
            {
                return file;
            }
        }
        return null;
    }

    /// <summary>Runs it to its end; null where it ended with 0, else what went wrong, with what it said.</summary>
    /// <param name="stop">Ends the program before its time; where it was before, the program is not started.</param>
    public static async Task<string?> RunAsync(
        string program, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider time, CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
        {
            return $"{program} has not been started: there is no time left";
        }
        using var timer = new CancellationTokenSource(limit, time);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, stop);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start) ?? throw new Win32Exception();
            // A question (nvpmodel asks whether to restart the machine) finds the end of its input.
            process.StandardInput.Close();
            var output = KeepAsync(process.StandardOutput, late.Token);
            var error = KeepAsync(process.StandardError, late.Token);
            try
            {
                await process.WaitForExitAsync(late.Token).ConfigureAwait(false);
                var said = $"{await output.ConfigureAwait(false)} {await error.ConfigureAwait(false)}".Trim();
                return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}: {said}";
            }
            catch (OperationCanceledException)
            {
                var fault = Kill(process);
                return stop.IsCancellationRequested ? $"{program} has been ended: there is no time left{fault}"
                    : $"{program} has not ended within {limit.TotalSeconds:0} s{fault}";
            }
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            return $"{program} cannot be run: {e.Message}";
        }
    }

    /// <summary>Ends a program and those it has started; what it could not end, in words behind others.</summary>
    private static string Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
            return "";
        }
        // A program that has changed its account (sudo, pkexec) does not let us end it: AggregateException.
        catch (Exception e) when (e is AggregateException or Win32Exception or InvalidOperationException)
        {
            return $", and cannot be ended: {e.Message}";
        }
    }

    private static async Task<string> KeepAsync(StreamReader reader, CancellationToken late)
    {
        var kept = "";
        var buffer = new char[MaxText];
        try
        {
            while (await reader.ReadAsync(buffer, late).ConfigureAwait(false) is > 0 and var count)
            {
                kept += kept.Length >= MaxText ? "" : new string(buffer, 0, Math.Min(count, MaxText - kept.Length));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // What was said until then.
        }
        return kept.ReplaceLineEndings(" ").Trim();
    }
}
