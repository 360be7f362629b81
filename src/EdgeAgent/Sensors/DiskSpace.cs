namespace EdgeAgent.Sensors;

/// <summary>Free space of the file system that holds the agent's state.</summary>
/// <param name="freeBytes">Asks the file system; null where it does not answer.</param>
internal sealed class DiskSpace(Func<long?> freeBytes, string folder) : ISensorSource
{
    public string Name => "disk";

    /// <summary>What statvfs says of the folder, for ordinary users.</summary>
    public static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    public void Scan(BoardFiles board)
    {
    }

    public void Read(BoardFiles board, ReadingList readings)
    {
        var free = freeBytes();
        readings.Add(new RawReading(
            "disk_free", free ?? double.NaN, "bytes", null, folder,
            free is null ? ReadingState.Failed : ReadingState.Good, ReadingRoles.None, MustMove: false));
    }
}
