using System.Globalization;

namespace EdgeAgent.EndToEnd;

/// <summary>A Raspberry Pi 5 as a folder of files, which a test heats and cools.</summary>
internal sealed class FakeBoard
{
    /// <summary>Where this board throttles by itself: the limit that the agent keeps by default.</summary>
    public const double LimitCelsius = 85;

    private readonly string _temperature;

    public FakeBoard(string folder)
    {
        Root = Path.Combine(folder, "board");
        var source = Path.Combine(Repository.Root, "tests", "EdgeAgent.Tests", "Fixtures", "boards", "raspberry-pi-5");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(Root, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        _temperature = Path.Combine(Root, "sys", "class", "thermal", "thermal_zone0", "temp");
    }

    /// <summary>For <c>run --sensors-root</c>.</summary>
    public string Root { get; }

    /// <summary>Sets the temperature in one step, as the kernel changes it: never half a number.</summary>
    public void Heat(double celsius)
    {
        var text = Path.Combine(Root, "temp.new");
        File.WriteAllText(text, (1000 * celsius).ToString("0", CultureInfo.InvariantCulture) + "\n");
        File.Move(text, _temperature, overwrite: true);
    }

    /// <summary>Takes the thermometer away.</summary>
    public void RemoveThermometer() => File.Delete(_temperature);
}
