using System.Globalization;
using System.Runtime.InteropServices;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.ModelTools;

namespace EdgeAgent.Tests.Inference;

/// <summary>What levels have in common is in memory once, and what a closed level had alone is given back.</summary>
[Collection(OneEngineAtATime.Name)]
public sealed class LevelMemoryTests : IDisposable
{
    private const int Seed = 41;
    private const int Channels = 65_536;

    private readonly TemporaryFolder _folder = new();
    private readonly ITestOutputHelper _output;

    public LevelMemoryTests(ITestOutputHelper output)
    {
        _output = output;
        _output.WriteLine($"seed {Seed}");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Closing_all_levels_but_one_leaves_the_memory_of_that_one()
    {
        using var model = Load("[4,4]", "[3,3]", "[2,2]");
        Assert.SkipWhen(OrtRuntime.LibraryVersion < SharedWeights.OldestReadingInPlace,
            $"ONNX Runtime {OrtRuntime.LibraryVersion} keeps what levels alone have with what they share");
        // Opened and closed once before: threads, compiled code and the like count for no level.
        _ = Open(model, 0, 1);
        await Task.WhenAll(model.Engine.Close(0), model.Engine.Close(1));
        var last = Open(model, 2);
        var (lastBytes, before) = (PrivateBytes(), model.Engine.Logits(0).ToArray());

        var all = Open(model, 0, 1, 2);
        var allBytes = PrivateBytes();
        await Task.WhenAll(model.Engine.Close(0), model.Engine.Close(1));
        var leftBytes = PrivateBytes();

        _output.WriteLine($"the last level {lastBytes}, all {allBytes}, the last again {leftBytes} bytes");
        // Two matrices of 4 bits and two layers: what levels 0 and 1 cannot do without.
        Assert.True(allBytes - lastBytes > 2L * 2 * TinyModel.Hidden * (Channels + (Channels * 3 / 4)) / 2);
        Assert.InRange(leftBytes - lastBytes, long.MinValue, (allBytes - lastBytes) / 5);
        Assert.Equal(last[0], Open(model, 2)[0]);
        Assert.Equal(all[0], Open(model, 0)[0]);
        Assert.Equal(before, all[2]);
    }

    [Fact]
    public async Task A_layer_that_two_levels_have_alike_is_in_memory_once()
    {
        using var model = Load("[4,4]", "[4,1]");
        _ = Open(model, 0, 1);
        await model.Engine.Close(1);
        var one = PrivateBytes();
        _ = Open(model, 1);
        var growth = PrivateBytes() - one;
        _output.WriteLine($"one level {one}, a further one {growth} bytes");
        // The three matrices of the first layer alone would be more, at 4 bits and without scales. What the process
        // gives back meanwhile can be more than the little that is new.
        Assert.InRange(growth, long.MinValue, 3L * TinyModel.Hidden * Channels / 2);
    }

    [Fact]
    public unsafe void A_large_piece_that_any_thread_frees_leaves_the_process_at_once()
    {
        OrtRuntime.Start();
        // Without a limit of ours, this raises glibc's own above the next piece.
        NativeMemory.Free(NativeMemory.Alloc(28 << 20));
        var (mapped, afterwards) = (false, true);
        var thread = new Thread(() =>
        {
            // Larger than a thread's stack, which might take the end of the place meanwhile, never the start.
            var piece = NativeMemory.Alloc(20 << 20);
            (mapped, var address) = (IsMapped((nint)piece), (nint)piece);
            NativeMemory.Free(piece);
            afterwards = IsMapped(address);
        });
        thread.Start();
        thread.Join();
        Assert.True(mapped);
        Assert.False(afterwards);
    }

    /// <summary>A package with an FFN that outweighs everything else; a layer keeps so many quarters of it.</summary>
    private RunningModel Load(params string[] levels)
    {
        var source = TinyModel.Write(_folder.File("source"), Seed);
        TinyModel.WriteWithoutLevels(source, Seed, Channels);
        var kept = string.Join(',', levels.Select(level => $$"""{"kept_slices":{{level}}}"""));
        File.WriteAllText(Path.Combine(source, "pruning.json"),
            $$"""{"slice_width":{{Channels / 4}},"slices":4,"levels":[{{kept}}]}""");
        TinyModel.Import(new ImportOptions
        {
            Source = source,
            Output = _folder.File("package"),
            Quantization = QuantizationMethod.Rtn,
        });
        return RunningModel.Load(_folder.File("package"));
    }

    /// <summary>Runs one token at each level and gives its logits.</summary>
    private static float[][] Open(RunningModel model, params int[] levels) => Array.ConvertAll(levels, level =>
    {
        model.Engine.Open(level);
        model.Engine.Decode([5], [0], level);
        return model.Engine.Logits(0).ToArray();
    });

    /// <summary>Whether an address belongs to the process.</summary>
    private static bool IsMapped(nint address) => File.ReadLines("/proc/self/maps")
        .Select(line => line.Split('-', ' ')).Any(area => address >= nint.Parse(area[0], NumberStyles.HexNumber)
            && address < nint.Parse(area[1], NumberStyles.HexNumber));

    /// <summary>Resident memory that belongs to no file.</summary>
    private static long PrivateBytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        var line = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line["RssAnon:".Length..^" kB".Length], CultureInfo.InvariantCulture);
    }
}
