using System.Text;
using System.Text.Json;
using EdgeAgent.Sensors;
using EdgeAgent.Tests.Simulators;
using EdgeAgent.Verbs;

namespace EdgeAgent.Tests.Sensors;

/// <summary>Whatever the bytes of the files, a snapshot comes and what it calls good is good.</summary>
public sealed class SensorFuzzTests
{
    private const int FilesOfASnapshot = 40;

    private static readonly string[] s_nasty =
    [
        "", "\n", "-1", "0", "9223372036854775807", "-9223372036854775808", "99999999999999999999999", "0x", "nan",
        "1e308", "-",
        "cpu ", "cpu  1 2 3", "cpu  -1 0 0 0 0 0 0 0", "max", "max max", "0 0", "0::/../..", "0::/", "5:memory:/../x",
        ":::", "\0\0",
        "MemAvailable:", "MemAvailable: -5 kB", "some avg10=", "some avg10=1e999", "pmode:",
        "pmode:99999999999999999999", "NC", "VDD_IN",
        "PMIC-Die", "critical", "\u001b[31mred", "名前", "../../../../etc/passwd", "Discharging",
    ];

    [Theory]
    [InlineData("raspberry-pi-4", 1)]
    [InlineData("raspberry-pi-5", 2)]
    [InlineData("jetson-orin-nano", 3)]
    [InlineData("jetson-xavier-nx", 4)]
    [InlineData("jetson-agx-orin", 5)]
    [InlineData("plain-pc", 6)]
    public void No_content_of_any_file_makes_the_reader_throw_or_believe_nonsense(string board, int seed)
    {
        // 6 boards x 84 snapshots x 40 files: 20,160 contents.
        var random = new Random(seed);
        using var folder = new BoardFolder(board);
        var files = Directory.GetFiles(folder.Root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where(file => !file.EndsWith(".md", StringComparison.Ordinal)).ToArray();
        var originals = files.ToDictionary(file => file, File.ReadAllBytes);
        using var reader = folder.Reader();
        for (var i = 0; i < 84; i++)
        {
            var touched = Enumerable.Range(0, FilesOfASnapshot).Select(_ => files[random.Next(files.Length)]).ToList();
            foreach (var file in touched)
            {
                File.WriteAllBytes(file, Content(random, originals[file]));
            }
            // Every other snapshot looks for sensors again, so that names and limits are read from these files as well.
            folder.Clock.Advance(TimeSpan.FromSeconds(random.Next(2) * 31 + 1));
            Check(reader.Read(), folder, $"seed {seed}, snapshot {i}");
            foreach (var file in touched.Where(_ => random.Next(2) == 0))
            {
                File.WriteAllBytes(file, originals[file]);
            }
        }
    }

    private static byte[] Content(Random random, byte[] original)
    {
        switch (random.Next(5))
        {
            case 0:
                return Encoding.UTF8.GetBytes(s_nasty[random.Next(s_nasty.Length)]);
            case 1:
                var bytes = new byte[random.Next(200)];
                random.NextBytes(bytes);
                return bytes;
            case 2:
                var flipped = original.ToArray();
                for (var i = 0; i < 3 && flipped.Length > 0; i++)
                {
                    flipped[random.Next(flipped.Length)] = (byte)random.Next(256);
                }
                return flipped;
            case 3:
                return original[..random.Next(original.Length + 1)];
            default:
                return random.Next(20) == 0 ? new byte[BoardFiles.MaxFileBytes + 10]
                    : Encoding.UTF8.GetBytes(random.NextInt64(long.MinValue, long.MaxValue).ToString(null, null));
        }
    }

    private static void Check(SensorSnapshot snapshot, BoardFolder folder, string where)
    {
        Assert.DoesNotContain(snapshot.Events, told => told.Kind is SensorEventKind.Faulted or SensorEventKind.Blocked);
        var names = new HashSet<string>();
        foreach (var reading in snapshot.Readings)
        {
            Assert.True(names.Add(reading.Name), $"{where}: {reading.Name} twice");
            Assert.Matches("^[a-z0-9_]{1,120}$", reading.Name);
            if (reading.State == ReadingState.Good)
            {
                var range = PlausibleRange.Of(reading.Unit, reading.Name == "board_power");
                // A sum of good rails may exceed what one rail can be.
                Assert.True(
                    double.IsFinite(reading.Value) && reading.Value >= range.Least && reading.Value <= 10 * range.Most,
                    $"{where}: {reading.Name} {reading.Value} {reading.Unit} of {reading.Source}");
            }
        }
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            SensorsText.Write(writer, snapshot, folder.Clock);
        }
        using var parsed = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(snapshot.Readings.Count, parsed.RootElement.GetProperty("readings").GetArrayLength());
    }
}
