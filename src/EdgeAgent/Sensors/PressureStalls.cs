namespace EdgeAgent.Sensors;

/// <summary>The share of the last ten seconds in which work waited for processor, memory or disk.</summary>
/// <remarks>Linux Documentation/accounting/psi.rst: `some` = at least one task waited, `full` = all did;
/// percent.</remarks>
internal sealed class PressureStalls : ISensorSource
{
    private static readonly string[] s_resources = ["cpu", "memory", "io"];

    private readonly List<(BoardFile File, string Some, string Full)> _files = [];

    public string Name => "psi";

    public void Scan(BoardFiles board)
    {
        _files.Clear();
        _files.AddRange(s_resources.Where(resource => board.Exists($"proc/pressure/{resource}")).Select(resource =>
            (board.File($"proc/pressure/{resource}"), $"{resource}_pressure", $"{resource}_pressure_full")));
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        foreach (var (file, some, full) in _files)
        {
            var state = board.Read(file, out var bytes);
            if (state != FileState.Read || !TextNumbers.TryDecimal(bytes, "some"u8, "avg10="u8, out var percent))
            {
                // Compiled in and not switched on (psi=0), a read gives EOPNOTSUPP.
                readings.AddUnread(state, some, "ratio", file);
                continue;
            }
            readings.Add(some, percent / 100, "ratio", file);
            if (some != "cpu_pressure" && TextNumbers.TryDecimal(bytes, "full"u8, "avg10="u8, out percent))
            {
                readings.Add(full, percent / 100, "ratio", file);
            }
        }
    }
}
