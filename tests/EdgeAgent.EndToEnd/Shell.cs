using System.Diagnostics;

namespace EdgeAgent.EndToEnd;

/// <summary>What a finished command left: its exit code and both of its outputs.</summary>
internal sealed record ShellResult(string Command, int ExitCode, string Output)
{
    /// <summary>The output of a command that must not fail.</summary>
    public string Expect()
    {
        Assert.True(ExitCode == 0, $"{Command} ended with {ExitCode}:\n{Output}");
        return Output;
    }
}

/// <summary>Runs real commands, and awaits what they bring about.</summary>
internal static class Shell
{
    public static async Task<ShellResult> RunAsync(TimeSpan limit, string file, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var expired = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(expired.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
        var command = $"{file} {string.Join(' ', start.ArgumentList)}";
        return new ShellResult(command, process.HasExited ? process.ExitCode : -1, await output + await errors);
    }

    /// <summary>Awaits a condition, looking ten times a second.</summary>
    /// <param name="describe">Told when the time is over, so that a failure says what was there instead.</param>
    public static async Task UntilAsync(
        TimeSpan limit, string what, Func<Task<bool>> condition, Func<Task<string>> describe)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > limit)
            {
                Assert.Fail($"not within {limit.TotalSeconds} s: {what}\n{await describe()}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }
}
