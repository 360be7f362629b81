using System.Globalization;
using System.Text;

namespace EdgeAgent.Sensors;

/// <summary>One power mode of a Jetson: what it sets, by knob (`GPU MAX_FREQ`), as the file writes it.</summary>
internal sealed record PowerMode(int Number, string Name, IReadOnlyDictionary<string, string> Settings);

/// <summary>The power modes of `nvpmodel.conf`, and which of them only lower clocks.</summary>
/// <remarks>
/// Format: NVIDIA's skill jetson-customize-nvpmodel (github nvidia/skills) and the files that mlcommons' NVIDIA
/// submissions write (code/common/power_limits.py): `&lt; POWER_MODEL ID=0 NAME=MAXN &gt;`, then lines of knob,
/// argument and value; -1 is no limit, and so is 0 for the memory controller. Modes that switch GPU units or cores off
/// want a restart of the machine (7 W of an Orin Nano, 10 W of an AGX Xavier, every such change of a Thor; public logs
/// with "Reboot required for changing to this power mode"), others do not. So a mode counts as lower only where every
/// knob is equal but clocks, and no clock is higher. That leaves out modes with fewer cores that would switch live:
/// the threads of the model are counted when it is opened.
/// </remarks>
internal sealed class PowerModeTable
{
    /// <summary>An AGX Xavier has nine modes.</summary>
    public const int MaxModes = 32;

    /// <summary>A mode of an AGX Orin has about 40 settings.</summary>
    public const int MaxSettings = 256;

    /// <summary>`pmode:0002` of the status file has four digits.</summary>
    public const int HighestNumber = 9999;

    private const int MaxLine = 256;
    private const string Highest = " MAX_FREQ";
    private const string Lowest = " MIN_FREQ";

    private readonly List<PowerMode> _modes = [];

    public PowerMode? Find(int number) => _modes.Find(mode => mode.Number == number);

    /// <summary>Reads the whole file or nothing of it; the fault says what cannot be understood.</summary>
    public static PowerModeTable? TryRead(ReadOnlySpan<byte> bytes, out string? fault)
    {
        var table = new PowerModeTable();
        Dictionary<string, string>? settings = null;
        var number = 0;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            number++;
            var line = bytes[range].Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }
            if (line.Length > MaxLine || line.IndexOfAnyExceptInRange((byte)'\t', (byte)'~') >= 0)
            {
                fault = $"line {number} is longer than {MaxLine} characters or no plain text";
                return null;
            }
            var words = Encoding.ASCII.GetString(line)
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            fault = words[0].StartsWith('<')
                ? table.Begin(words, ref settings)
                : settings is null ? null : Set(settings, words);
            if (fault is not null)
            {
                fault = $"line {number}: {fault}";
                return null;
            }
        }
        fault = table._modes.Count == 0 ? "it names no mode" : null;
        return fault is null ? table : null;
    }

    /// <summary>The modes below one, highest first; each only lowers clocks of the one before it.</summary>
    public IReadOnlyList<PowerMode> Below(PowerMode mode)
    {
        List<PowerMode> steps = [];
        for (var now = mode; Next(now) is { } next; now = next)
        {
            steps.Add(next);
        }
        return steps;
    }

    private PowerMode? Next(PowerMode from)
    {
        PowerMode? best = null;
        foreach (var mode in _modes)
        {
            // Of two that are both lower, the one with the higher clocks first: the smallest step.
            if (IsLower(mode, from) && (best is null || Speed(mode, from) > Speed(best, from)))
            {
                best = mode;
            }
        }
        return best;
    }

    /// <summary>Whether changing from a mode to another takes clocks back and does nothing else.</summary>
    private static bool IsLower(PowerMode to, PowerMode from)
    {
        if (to.Settings.Count != from.Settings.Count)
        {
            return false;
        }
        var isLower = false;
        foreach (var (knob, text) in from.Settings)
        {
            if (!to.Settings.TryGetValue(knob, out var other))
            {
                return false;
            }
            if (!knob.EndsWith(Highest, StringComparison.Ordinal) && !knob.EndsWith(Lowest, StringComparison.Ordinal))
            {
                if (text != other)
                {
                    return false;
                }
                continue;
            }
            if (Clock(knob, text) is not { } before || Clock(knob, other) is not { } after || after > before)
            {
                return false;
            }
            isLower |= after < before && IsCompute(knob);
        }
        return isLower;
    }

    // Clocks of processors and GPU as shares of those before, multiplied; what had no limit counts by itself.
    private static double Speed(PowerMode mode, PowerMode from)
    {
        var speed = 1.0;
        foreach (var (knob, text) in mode.Settings)
        {
            if (IsCompute(knob) && Clock(knob, text) is { } clock && Clock(knob, from.Settings[knob]) is { } before)
            {
                speed *= clock == before ? 1 : before == long.MaxValue ? clock / 1e9 : (double)clock / before;
            }
        }
        return speed;
    }

    private static bool IsCompute(string knob) => knob.EndsWith(Highest, StringComparison.Ordinal)
        && (knob.StartsWith("CPU", StringComparison.Ordinal) || knob.StartsWith("GPU", StringComparison.Ordinal));

    private static long? Clock(string knob, string text) =>
        !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var clock) ? null
        : clock == -1 || (clock == 0 && knob == "EMC MAX_FREQ") ? long.MaxValue
        : clock < 0 ? null : clock;

    private string? Begin(string[] words, ref Dictionary<string, string>? settings)
    {
        settings = null;
        if (words is not ["<", "POWER_MODEL", ..])
        {
            return null;
        }
        if (words is not [_, _, var id, var name, ">"] || !id.StartsWith("ID=", StringComparison.Ordinal)
            || !name.StartsWith("NAME=", StringComparison.Ordinal)
            || !int.TryParse(id.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number > HighestNumber)
        {
            return $"no mode of the form < POWER_MODEL ID=0 NAME=15W >, with an ID of 0 to {HighestNumber}";
        }
        if (_modes.Count >= MaxModes || Find(number) is not null)
        {
            return $"mode {number} is there twice, or there are more than {MaxModes} modes";
        }
        settings = [];
        _modes.Add(new PowerMode(number, name[5..], settings));
        return null;
    }

    private static string? Set(Dictionary<string, string> settings, string[] words) =>
        words is not [var knob, var argument, var value] ? "a setting has a knob, an argument and a value"
        : settings.Count >= MaxSettings ? $"the mode has more than {MaxSettings} settings"
        : settings.TryAdd($"{knob} {argument}", value) ? null
        : $"{knob} {argument} is set twice in one mode";
}
