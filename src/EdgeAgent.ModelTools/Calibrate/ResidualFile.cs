using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>The residual stream of windows of text, [T, D] each, in a file that no other process sees.</summary>
/// <remarks>All windows at once are 235 MB for a model of a billion parameters; one at a time is needed.</remarks>
internal sealed class ResidualFile : IDisposable
{
    private readonly SafeFileHandle _file;

    /// <summary>Where each window begins, in bytes, and where the last one ends.</summary>
    private readonly List<long> _starts = [0];

    /// <param name="folder">Where the file lies, under no name.</param>
    public ResidualFile(string folder, IEnumerable<float[]> windows)
    {
        var path = Path.Combine(folder, "residual.tmp");
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        // Without a name nothing of it is left, however the process ends.
        File.Delete(path);
        foreach (var window in windows)
        {
            _starts.Add(_starts[^1] + ((long)window.Length * sizeof(float)));
            this[_starts.Count - 2] = window;
        }
    }

    /// <summary>Number of windows.</summary>
    public int Count => _starts.Count - 1;

    /// <summary>A window, read anew; it is set with as many values as it had.</summary>
    public float[] this[int window]
    {
        get
        {
            var values = new float[(_starts[window + 1] - _starts[window]) / sizeof(float)];
            var bytes = MemoryMarshal.AsBytes(values.AsSpan());
            for (var done = 0; done < bytes.Length;)
            {
                var read = RandomAccess.Read(_file, bytes[done..], _starts[window] + done);
                done += read > 0 ? read : throw new EndOfStreamException("A window of calibration text is cut off.");
            }
            return values;
        }
        set
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(
                value.Length, (_starts[window + 1] - _starts[window]) / sizeof(float));
            RandomAccess.Write(_file, MemoryMarshal.AsBytes(value.AsSpan()), _starts[window]);
        }
    }

    public void Dispose() => _file.Dispose();
}
