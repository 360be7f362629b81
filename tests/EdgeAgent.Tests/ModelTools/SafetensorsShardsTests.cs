using System.Text;
using System.Text.Json.Nodes;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Weights in several files are read as those in one, or refused with the file and the reason.</summary>
public sealed class SafetensorsShardsTests(ITestOutputHelper output) : IDisposable
{
    private const string First = "model-00001-of-00002.safetensors";
    private const string Second = "model-00002-of-00002.safetensors";
    private const string Gate = "model.layers.0.mlp.gate_proj.weight";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Shards_become_the_same_package_as_one_file()
    {
        var whole = Import(TinyModel.Write(_folder.File("whole"), seed: 5, tied: false), "from-whole");
        var shards = Import(Sharded(), "from-shards");
        Assert.Equal(
            whole.Files.Where(file => file.Name != "manifest.json").Select(file => (file.Name, file.Sha256)),
            shards.Files.Where(file => file.Name != "manifest.json").Select(file => (file.Name, file.Sha256)));
        Assert.Equal(whole.Architecture.Parameters, shards.Architecture.Parameters);
    }

    [Fact]
    public void Tensors_of_a_model_with_eyes_are_found_under_their_longer_names()
    {
        var folder = Directory.CreateDirectory(_folder.File("eyes")).FullName;
        SafetensorsWriter.Write(Path.Combine(folder, SafetensorsShards.SingleFile),
        [
            ("language_model.model.norm.weight", [2], [1, 2]),
            ("model.language_model.embed_tokens.weight", [1, 2], [3, 4]),
            ("vision_tower.patch.weight", [3], [5, 6, 7]),
        ]);
        using var tensors = SafetensorsShards.Open(folder);
        Assert.Equal([1f, 2], tensors.Read("model.norm.weight", 2));
        Assert.Equal([3f, 4], tensors.Read("model.embed_tokens.weight", 1, 2));
        Assert.Equal(4, tensors.Elements);
    }

    [Fact]
    public void Missing_shards_are_one_error_that_names_them()
    {
        var source = Sharded();
        File.Delete(Path.Combine(source, First));
        const string Lists = $"files that {SafetensorsShards.IndexFile} lists are not there";
        var error = AssertRefused(source, $"1 of 2 {Lists}: {First}. ");
        Assert.Equal(ModelToolsFault.SourceMissing, error.Fault);
        File.Delete(Path.Combine(source, Second));
        AssertRefused(source, $"2 of 2 {Lists}: {First}, {Second}. ");
    }

    [Fact]
    public void A_cut_shard_is_named()
    {
        var source = Sharded();
        using (var shard = File.OpenWrite(Path.Combine(source, Second)))
        {
            shard.SetLength(shard.Length - 1);
        }
        AssertRefused(source, $"{Second}: tensor '");
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused()
    {
        var source = Sharded();
        SafetensorsWriter.Write(Path.Combine(source, "extra.safetensors"), [(Gate, [1], [0])]);
        RewriteIndex(source, map => map["more"] = "extra.safetensors");
        AssertRefused(source, $"tensor '{ConfigReader.Shorten(Gate)}' is in extra.safetensors too");
    }

    [Fact]
    public void Shards_together_hold_no_more_tensors_than_one_file_may()
    {
        var folder = Directory.CreateDirectory(_folder.File("many")).FullName;
        foreach (var (file, letter) in new[] { (First, 'a'), (Second, 'b') })
        {
            SafetensorsWriter.Write(Path.Combine(folder, file), [.. Enumerable.Range(0, 33_000)
                .Select(i => ($"{letter}{i}", new long[] { 0 }, Array.Empty<float>()))]);
        }
        File.WriteAllText(Path.Combine(folder, SafetensorsShards.IndexFile),
            $$"""{ "weight_map": { "a0": "{{First}}", "b0": "{{Second}}" } }""");
        var error = Assert.Throws<ModelToolsException>(() => SafetensorsShards.Open(folder));
        Assert.Equal($"{Second}: the files up to it hold more than 65536 tensors.", error.Message);
    }

    [Theory]
    [InlineData("../whole/model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData(".safetensors")]
    [InlineData("a\\b.safetensors")]
    [InlineData("")]
    public void An_index_names_no_file_but_those_beside_it(string file)
    {
        var source = Sharded();
        RewriteIndex(source, map => map[Gate] = file);
        AssertRefused(source, $"is '{file}'; it must be the plain name of a .safetensors file");
    }

    [Fact]
    public void An_index_that_lists_a_tensor_in_the_wrong_file_or_in_none_is_refused()
    {
        var source = Sharded();
        RewriteIndex(source, map => map["nowhere"] = First);
        AssertRefused(source, $"says that {First} holds 'nowhere'; no file does");
        RewriteIndex(source, map =>
        {
            map.Remove("nowhere");
            map[Gate] = (string)map[Gate]! == First ? Second : First;
        });
        AssertRefused(source, $"holds '{ConfigReader.Shorten(Gate)}'; it is in ");
    }

    [Theory]
    [InlineData("{}", "it is not valid")]
    [InlineData("[]", "it is not valid")]
    [InlineData("""{"weight_map":{}}""", "weight_map is empty")]
    [InlineData("""{"weight_map":{"a":1}}""", "it is not valid")]
    [InlineData("""{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}""", "it is not valid")]
    public void An_index_that_breaks_the_format_is_refused(string index, string says)
    {
        var source = Sharded();
        File.WriteAllText(Path.Combine(source, SafetensorsShards.IndexFile), index);
        AssertRefused(source, $"{SafetensorsShards.IndexFile}: {says}");
    }

    [Fact]
    public void A_hundred_thousand_hostile_indexes_are_refused_or_read_and_nothing_else()
    {
        const int seed = 93;
        const string honest =
            """{"metadata":{"total_size":12},"weight_map":{"a":"x-1.safetensors","b":"x-2.safetensors"}}""";
        // Not RunJson: a third of these inputs are not only JSON, but taken.
        var mutator = new JsonMutator(seed, honest, mostChanges: 3);
        new FuzzLoop<ModelToolsException>(seed, output) { BudgetBytes = 64 << 10, BudgetOfByte = 32 }.Run(
            [Encoding.UTF8.GetBytes(honest)],
            (_, _) => mutator.Next(),
            SafetensorsShards.ReadIndex,
            (index, _) => Assert.All(index.Values, file => Assert.Equal(file, Path.GetFileName(file))),
            error =>
            {
                Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
                Assert.InRange(error.Message.Length, 20, 2000);
            });
    }

    public void Dispose() => _folder.Dispose();

    private EdgeAgent.ModelPackage.PackageManifest Import(string source, string output) => TinyModel.Import(
        new ImportOptions { Source = source, Output = _folder.File(output), Name = "same" });

    private ModelToolsException AssertRefused(string source, string says)
    {
        var error = Assert.Throws<ModelToolsException>(() => Import(source, "out"));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(_folder.File("out")));
        return error;
    }

    /// <summary>The tiny model of seed 5 with every other tensor in another file.</summary>
    private string Sharded()
    {
        var source = TinyModel.Write(_folder.File("shards"), seed: 5, tied: false);
        var single = Path.Combine(source, SafetensorsShards.SingleFile);
        var map = new JsonObject();
        using (var file = SafetensorsFile.Open(single))
        {
            var halves = file.Entries.OrderBy(entry => entry.Begin).Select((entry, i) =>
                (entry.Name, entry.Shape, Values: file.Read(entry.Name, entry.Shape), IsFirst: i % 2 == 0)).ToList();
            foreach (var (name, isFirst) in new[] { (First, true), (Second, false) })
            {
                var half = halves.Where(tensor => tensor.IsFirst == isFirst).ToList();
                SafetensorsWriter.Write(Path.Combine(source, name), [.. half.Select(t => (t.Name, t.Shape, t.Values))]);
                half.ForEach(tensor => map[tensor.Name] = name);
            }
        }
        File.Delete(single);
        File.WriteAllText(Path.Combine(source, SafetensorsShards.IndexFile),
            new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        return source;
    }

    private static void RewriteIndex(string source, Action<JsonObject> change)
    {
        var path = Path.Combine(source, SafetensorsShards.IndexFile);
        var index = JsonNode.Parse(File.ReadAllText(path))!;
        change(index["weight_map"]!.AsObject());
        File.WriteAllText(path, index.ToJsonString());
    }
}
