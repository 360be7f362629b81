using System.Buffers.Text;

namespace EdgeAgent.Sensors;

/// <summary>How busy all processors were between two snapshots, 0 to 1.</summary>
/// <remarks>proc(5), /proc/stat: user nice system idle iowait irq softirq steal …; idle and iowait are not busy, and
/// guest time
/// is in user already.</remarks>
internal sealed class CpuLoad : ISensorSource
{
    private const int Idle = 3;
    private const int Iowait = 4;
    private const int Fields = 8;

    private BoardFile? _file;
    private (long Busy, long All)? _last;

    public string Name => "stat";

    public void Scan(BoardFiles board) => _file = board.Exists("proc/stat") ? board.File("proc/stat") : null;

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_file is null)
        {
            return;
        }
        // The line of interrupts alone can be longer than 64 KiB; ours is the first.
        var state = board.Read(_file, out var bytes, firstPartIsEnough: true);
        if (state != FileState.Read || !TryParse(bytes, out var now))
        {
            _last = null;
            readings.AddUnread(state, "cpu_load", "ratio", _file, 1);
            return;
        }
        // Counters that stand still within one tick (10 ms) or run backwards (a processor was unplugged) say nothing.
        if (_last is { } before && now.All > before.All && now.Busy >= before.Busy)
        {
            readings.Add("cpu_load", (double)(now.Busy - before.Busy) / (now.All - before.All), "ratio", _file, 1);
        }
        _last = now;
    }

    public static bool TryParse(ReadOnlySpan<byte> bytes, out (long Busy, long All) ticks)
    {
        ticks = default;
        var end = bytes.IndexOf((byte)'\n');
        var line = end >= 0 ? bytes[..end] : bytes;
        if (!line.StartsWith("cpu "u8))
        {
            return false;
        }
        line = line[4..];
        for (var i = 0; i < Fields; i++)
        {
            line = line.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(line, out long value, out var used) || value < 0 || value > long.MaxValue / 16)
            {
                return i > Iowait;
            }
            line = line[used..];
            ticks = (ticks.Busy + (i is Idle or Iowait ? 0 : value), ticks.All + value);
        }
        return true;
    }
}
