using System.Globalization;

namespace EdgeAgent.Sensors;

/// <summary>Puts a Jetson into a lower power mode where the operator allows it, and gives the first one back.</summary>
/// <remarks>
/// `nvpmodel -m N` is NVIDIA's program for it (Jetson Linux developer guide, "Supported Modes and Power Efficiency");
/// the mode outlives a restart of the machine, so what stood there before is recorded in the folder of the state, which
/// does too. Never `--force`, which restarts the machine. For one caller at a time; nothing is thrown.
/// </remarks>
internal sealed class PowerModeSwitch
{
    public const string RecordFile = "power-mode";
    public const string Program = "nvpmodel";

    /// <summary>A call may take so long; nvpmodel takes well below a second.</summary>
    public static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(8);

    private const string TableFile = "etc/nvpmodel.conf";
    private const string StatusFile = "var/lib/nvpmodel/status";
    private const int MaxRecordBytes = 64;

    private readonly BoardFiles _board;
    private readonly TimeProvider _time;
    private readonly string? _program;
    private readonly ChangeRecord _record;
    private readonly IReadOnlyList<PowerMode> _steps = [];
    private readonly PowerMode? _home;
    private int _set;
    private bool _isGivenUp;
    private bool _isOthers;

    /// <param name="root">Folder that holds `etc/` and `var/`.</param>
    /// <param name="stateFolder">Where the mode of before is recorded.</param>
    /// <param name="program">A path, or a name to be found in PATH.</param>
    public PowerModeSwitch(string root, string stateFolder, TimeProvider time, string program = Program)
    {
        (_board, _time) = (new BoardFiles(root), time);
        _record = new ChangeRecord(Path.Join(stateFolder, RecordFile), MaxRecordBytes);
        _program = TimedProgram.Find(program, Environment.GetEnvironmentVariable("PATH"));
        if (_board.Read(_board.File(TableFile), out var bytes) is not FileState.Read and var state)
        {
            Absence = state == FileState.Absent ? $"this board has no {TableFile}" : $"{TableFile} cannot be read";
            return;
        }
        var table = PowerModeTable.TryRead(bytes, out var fault);
        if (table is null || Current() is not { } now || table.Find(now) is not { } mode || _program is null)
        {
            Absence = fault is not null ? $"{TableFile} is not understood: {fault}"
                : _program is null ? $"there is no program {program}" : $"{StatusFile} names no mode of {TableFile}";
            return;
        }
        _set = now;
        _home = Recorded(now) is { } before && table.Find(before) is { } left ? left : mode;
        if (_home == mode)
        {
            // Somebody has chosen a mode since that record: it must not speak again when the modes fit by chance.
            _record.Forget();
        }
        _steps = table.Below(_home);
        Absence = _steps.Count == 0 && _home == mode
            ? $"no mode below {mode.Name} only lowers clocks without a restart of the machine" : null;
    }

    /// <summary>How many lower modes there are below the one that was found.</summary>
    public int Steps => _steps.Count;

    /// <summary>Why there is nothing to switch; null where there is.</summary>
    public string? Absence { get; }

    /// <summary>Goes so many modes below the first one; 0 gives it back.</summary>
    /// <param name="stop">Ends a call that is on its way, and lets no other begin.</param>
    /// <returns>What to tell people: the board did not do it, and no lower mode is tried again. Else null.</returns>
    public async Task<string?> ApplyAsync(int steps, CancellationToken stop)
    {
        if (_home is null || _isOthers || (_isGivenUp && steps > 0))
        {
            return null;
        }
        var wanted = steps <= 0 || _steps.Count == 0 ? _home : _steps[Math.Min(steps, _steps.Count) - 1];
        if (wanted.Number == _set)
        {
            return null;
        }
        if (Current() is { } now && now != _set)
        {
            // Somebody has chosen a mode meanwhile: theirs stays, also at the end.
            _isOthers = _isGivenUp = true;
            _record.Forget();
            return $"the power mode has become {now}, not by the agent, which leaves it there until its next start";
        }
        // Until the call has ended, the mode before it and the one after it are both ours.
        RecordOurs(wanted.Number, _set);
        var number = wanted.Number.ToString(CultureInfo.InvariantCulture);
        var fault = await TimedProgram.RunAsync(_program!, ["-m", number], LongestCall, _time, stop)
            .ConfigureAwait(false);
        if (Current() is { } found)
        {
            _isOthers = found != wanted.Number && found != _set;
            RecordOurs(_isOthers ? _home.Number : _set = found);
        }
        if (fault is null && _set == wanted.Number)
        {
            return null;
        }
        _isGivenUp = true;
        return $"{fault ?? $"{_program} -m {number} has changed nothing"}; " + (stop.IsCancellationRequested
            ? "a mode that has not been given back is given back by the agent's next start"
            : "the power mode is left alone from now on (docs/OPERATIONS.md, power mode of a Jetson)");
    }

    private int? Current()
    {
        var state = _board.Read(_board.File(StatusFile), out var bytes);
        var word = TextNumbers.FirstWord(bytes);
        return state == FileState.Read && word.StartsWith("pmode:"u8) && TextNumbers.TryInteger(word[6..], out var mode)
            && mode is >= 0 and <= PowerModeTable.HighestNumber ? (int)mode : null;
    }

    /// <summary>The mode before an agent that was killed, where the mode in force is still its own.</summary>
    private int? Recorded(int now) => _record.Read().Trim().Split(' ') is [var before, .. var ours]
        && ours.Contains(now.ToString(CultureInfo.InvariantCulture))
        && int.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out var home) ? home : null;

    /// <summary>Records the mode before the agent and those that are its own; where none is, there is no
    /// record.</summary>
    private void RecordOurs(params ReadOnlySpan<int> modes)
    {
        var text = "";
        foreach (var mode in modes)
        {
            text += mode == _home!.Number ? "" : string.Create(CultureInfo.InvariantCulture, $" {mode}");
        }
        if (text.Length == 0)
        {
            _record.Forget();
            return;
        }
        // Before the mode changes: nvpmodel's own record of the mode outlives a power cut.
        _record.Write(string.Create(CultureInfo.InvariantCulture, $"{_home!.Number}{text}\n"));
    }
}
