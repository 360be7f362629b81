namespace EdgeAgent.Sensors;

/// <summary>Memory of the whole machine, from /proc/meminfo (proc(5); kibibytes).</summary>
internal sealed class MemoryFigures : ISensorSource
{
    private BoardFile? _file;

    public string Name => "meminfo";

    public void Scan(BoardFiles board) => _file = board.Exists("proc/meminfo") ? board.File("proc/meminfo") : null;

    public void Read(BoardFiles board, ReadingList readings)
    {
        if (_file is null)
        {
            return;
        }
        var state = board.Read(_file, out var bytes);
        if (state != FileState.Read || !TextNumbers.TryField(bytes, "MemAvailable:"u8, out var available))
        {
            readings.AddUnread(state, "system_memory_available", "bytes", _file, roles: ReadingRoles.MemoryAvailable);
            return;
        }
        readings.Add(
            "system_memory_available", available * 1024.0, "bytes", _file, roles: ReadingRoles.MemoryAvailable);
        if (TextNumbers.TryField(bytes, "MemTotal:"u8, out var total))
        {
            readings.Add("memory_total", total * 1024.0, "bytes", _file);
        }
        if (TextNumbers.TryField(bytes, "SwapTotal:"u8, out var swap) && swap > 0
            && TextNumbers.TryField(bytes, "SwapFree:"u8, out var free))
        {
            readings.Add("swap_free", free * 1024.0, "bytes", _file);
        }
    }
}
