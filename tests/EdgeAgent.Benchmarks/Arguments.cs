using System.Diagnostics;
using System.Globalization;

namespace EdgeAgent.Benchmarks;

/// <summary>Reads the few flags, and runs one measurement again in a process of its own.</summary>
internal static class Arguments
{
    public static string Text(string[] arguments, string flag, string absent)
    {
        var at = Array.IndexOf(arguments, flag);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : absent;
    }

    public static int Number(string[] arguments, string flag, int absent) =>
        int.Parse(Text(arguments, flag, absent.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    /// <summary>The embedded package beside the program, unless another is named.</summary>
    public static string Model(string[] arguments) =>
        Text(arguments, "--model", Path.Combine(AppContext.BaseDirectory, "models-lite", "nano"));

    /// <summary>Runs this program with other arguments and gives what it printed.</summary>
    public static string RunAlone(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? text
            : throw new InvalidOperationException($"{string.Join(' ', arguments)} failed.");
    }
}
