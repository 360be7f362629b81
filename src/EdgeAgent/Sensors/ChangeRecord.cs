using System.Text;

namespace EdgeAgent.Sensors;

/// <summary>What stood on the board before the agent changed it, in a file for the start after a kill.</summary>
/// <remarks>Nothing is thrown: without a record, only an agent that is killed leaves its change, and that is no reason
/// not to protect the board.</remarks>
/// <param name="path">Null: there is no place for a record, and it stays empty.</param>
/// <param name="maximumBytes">A larger file is none of ours and is not read.</param>
internal sealed class ChangeRecord(string? path, int maximumBytes)
{
    /// <summary>What is recorded; empty where nothing is, or where it cannot be read.</summary>
    public string Read()
    {
        var text = "";
        Try(file => text = File.Exists(file) && new FileInfo(file).Length <= maximumBytes
            ? File.ReadAllText(file) : "");
        return text;
    }

    /// <summary>Replaces the record whole, on the disk before this returns: the change comes after it.</summary>
    public void Write(string text) => Try(file =>
    {
        using (var fresh = new FileStream(file + ".new", FileMode.Create))
        {
            fresh.Write(Encoding.UTF8.GetBytes(text));
            fresh.Flush(flushToDisk: true);
        }
        File.Move(file + ".new", file, overwrite: true);
    });

    /// <summary>The board is as it was before.</summary>
    public void Forget() => Try(File.Delete);

    private void Try(Action<string> work)
    {
        try
        {
            if (path is not null)
            {
                work(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
