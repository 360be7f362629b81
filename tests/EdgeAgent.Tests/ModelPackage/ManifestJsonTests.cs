using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Tests.ModelPackage;

/// <summary>A manifest fits the format exactly and stays within every bound, or it is refused by name.</summary>
public sealed class ManifestJsonTests(ITestOutputHelper output)
{
    [Fact]
    public void A_manifest_that_was_written_reads_back_the_same()
    {
        var read = ManifestJson.Read(Encoding.UTF8.GetBytes(Manifests.SmallText));
        Assert.Equal(ManifestJson.Write(Manifests.Small), ManifestJson.Write(read));
        Assert.Equal("tiny@1.2.3", read.FullName);
    }

    [Theory]
    [InlineData("name", "\"Tiny\"", "name is 'Tiny'")]
    [InlineData("name", "\"../tiny\"", "name is '../tiny'")]
    [InlineData("version", "\"1.2\"", "version is '1.2'")]
    [InlineData("version", "\"1.2.3-rc\"", "MAJOR.MINOR.PATCH")]
    [InlineData("context", "0", "context is 0, allowed is 1 to 1048576")]
    [InlineData("context", "1048577", "context is 1048577")]
    [InlineData("context", "2147483648", "$.context")]
    [InlineData("quantization.method", "\"awq2\"", "quantization.method is 'awq2'")]
    [InlineData("stop_tokens", "[]", "stop_tokens (count) is 0, allowed is 1 to 64")]
    [InlineData("stop_tokens", "[256]", "stop_tokens is 256, allowed is 0 to 255")]
    [InlineData("stop_tokens", "[-1]", "stop_tokens is -1")]
    [InlineData("files", "[]", "files (count) is 0, allowed is 1 to 1024")]
    [InlineData("files.0.name", "\"../model.data\"", "files.name is '../model.data'")]
    [InlineData("files.0.name", "\"/etc/passwd\"", "files.name is '/etc/passwd'")]
    [InlineData("files.0.name", "\"a/b\"", "files.name is 'a/b'")]
    [InlineData("files.0.name", "\"a\\\\b\"", "files.name is 'a\\b'")]
    [InlineData("files.0.name", "\"model.data\\n\"", "files.name")]
    [InlineData("files.0.name", "\".\"", "files.name is '.'")]
    [InlineData("files.0.name", "\"..\"", "files.name is '..'")]
    [InlineData("files.0.name", "\"\"", "files.name is ''")]
    [InlineData("files.0.name", "\"manifest.json\"", "files.name is 'manifest.json'")]
    [InlineData("files.0.name", "\"level-0.onnx\"", "allowed is named once")]
    [InlineData("files.0.size_bytes", "0", "files.size_bytes is 0, allowed is 1 to 68719476736")]
    [InlineData("files.0.size_bytes", "68719476737", "files.size_bytes is 68719476737")]
    [InlineData("files.0.sha256", "\"ab\"", "files.sha256 is 'ab'")]
    [InlineData("files.2.name", "\"other\"", "chat.template is 'chat_template.jinja'")]
    [InlineData("files.1.name", "\"other\"", "graphs.file is 'level-0.onnx'")]
    [InlineData("architecture.layers", "0", "architecture.layers is 0, allowed is 1 to 512")]
    [InlineData("architecture.layers", "513", "architecture.layers is 513")]
    [InlineData("architecture.hidden_size", "0", "architecture.hidden_size is 0")]
    [InlineData("architecture.intermediate_size", "-5", "architecture.intermediate_size is -5")]
    [InlineData("architecture.attention_heads", "4097", "architecture.attention_heads is 4097")]
    [InlineData("architecture.vocabulary_size", "1048577", "architecture.vocabulary_size is 1048577")]
    [InlineData("architecture.rotary", "[]", "architecture.rotary (count) is 0")]
    [InlineData("architecture.rotary.0.dimensions", "33", "architecture.rotary.dimensions is '33', allowed is even")]
    [InlineData("architecture.rotary.0.base", "1", "architecture.rotary.base is '1'")]
    [InlineData("architecture.rotary.0.amplitude", "11", "architecture.rotary.amplitude is '11'")]
    [InlineData("architecture.rotary.0.frequency_divisors", "[1,2]",
        "architecture.rotary.frequency_divisors (count) is '2', allowed is half the dimensions")]
    [InlineData("architecture.rotary.0.frequency_divisors", "[0,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
        "architecture.rotary.frequency_divisors is '0', allowed is between 0.001 and 1000000")]
    [InlineData("architecture.rotary.0.long_frequency_divisors", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
        "architecture.rotary.long_beyond is '0', allowed is given together with long_frequency_divisors")]
    [InlineData("architecture.rotary.0.long_beyond", "64", "architecture.rotary.long_beyond is '64'")]
    [InlineData("kv.type", "\"float16\"", "kv.type is 'float16'")]
    [InlineData("kv.layers", "[]", "kv.layers (count) is '0', allowed is one per layer")]
    [InlineData("kv.layers.0.heads", "0", "kv.layers.heads is 0")]
    [InlineData("kv.layers.0.dimensions", "1025", "kv.layers.dimensions is 1025")]
    [InlineData("kv.layers.0.window", "-1", "kv.layers.window is -1")]
    [InlineData("kv.layers", "[null]", "kv.layers holds null, allowed are objects")]
    [InlineData("architecture.rotary", "[null]", "architecture.rotary holds null")]
    [InlineData("files", "[null]", "files holds null")]
    [InlineData("graphs", "[null]", "graphs holds null")]
    [InlineData("levels", "[null]", "levels holds null")]
    [InlineData("levels", "[]", "levels (count) is 0, allowed is 1 to 16")]
    [InlineData("levels.0.level", "1", "levels.level is '1'")]
    [InlineData("levels.0.ffn_channels", "[1,2]", "levels.ffn_channels (count) is '2'")]
    [InlineData("levels.0.ffn_channels.0", "65", "levels.ffn_channels is 65, allowed is 0 to 64")]
    [InlineData("levels.0.ffn_channels.0", "-1", "levels.ffn_channels is -1")]
    [InlineData("graphs", "[]", "graphs is '0', allowed is at least one graph on the CPU for each level")]
    [InlineData("graphs.0.level", "1", "graphs is '0'")]
    [InlineData("graphs.0.provider", "\"rocm\"", "graphs")]
    [InlineData("graphs.0.provider", "\"cuda\"", "at least one graph on the CPU for each level")]
    [InlineData("graphs.0.minimum_runtime", "\"new\"", "graphs.minimum_runtime is 'new'")]
    public void A_value_out_of_its_bounds_is_refused_by_name(string path, string value, string expected)
    {
        var error = Refused(Encoding.UTF8.GetBytes(With(path, value)), PackageFaultKind.ManifestInvalid);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"name\":\"tiny\"", "\"name\":\"tiny\",\"extra\":1", "extra")]
    [InlineData("\"name\":\"tiny\"", "\"name\":\"tiny\",\"name\":\"tiny\"", "name")]
    [InlineData("\"name\":\"tiny\",", "", "name")]
    [InlineData("\"licence\":\"MIT\"", "\"licence\":null", "licence")]
    [InlineData("\"bits\":4", "\"bits\":4,\"Bits\":4", "Bits")]
    [InlineData("\"bits\":4", "\"bits\":\"4\"", "bits")]
    [InlineData("{\"format\"", "[{\"format\"", "is not valid")]
    public void A_member_too_many_twice_missing_or_of_another_type_is_refused(string part, string instead,
        string expected)
    {
        Assert.Contains(part, Compact, StringComparison.Ordinal);
        var text = Compact.Replace(part, instead, StringComparison.Ordinal);
        var error = Refused(Encoding.UTF8.GetBytes(text), PackageFaultKind.ManifestInvalid);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("edgeagent-model/2")]
    [InlineData("")]
    [InlineData("onnx-genai")]
    public void An_unknown_format_is_named_with_what_to_do(string format)
    {
        var error = Refused(Encoding.UTF8.GetBytes(With("format", $"\"{format}\"")), PackageFaultKind.FormatUnknown);
        Assert.Contains($"'{format}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("update the agent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_above_one_MiB_is_refused_before_it_is_read()
    {
        var padded = Compact.PadRight(ManifestJson.MaximumBytes + 1);
        Assert.Contains("1048577 bytes",
            Refused(Encoding.UTF8.GetBytes(padded), PackageFaultKind.ManifestInvalid).Message,
            StringComparison.Ordinal);
        Assert.NotNull(ManifestJson.Read(Encoding.UTF8.GetBytes(padded[..^1])));
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(17)]
    public void Deep_nesting_is_refused(int depth) => Refused(Encoding.UTF8.GetBytes(
        $"{{\"format\":{new string('[', depth)}{new string(']', depth)}}}"), PackageFaultKind.ManifestInvalid);

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{}")]
    public void What_is_no_manifest_at_all_is_refused(string text) =>
        Refused(Encoding.UTF8.GetBytes(text), PackageFaultKind.ManifestInvalid);

    [Fact]
    public void A_hundred_thousand_hostile_manifests_are_refused_or_read_and_nothing_else()
    {
        const int seed = 61;
        new FuzzLoop<PackageException>(seed, output) { BudgetBytes = 64 << 10, BudgetOfByte = 32 }.RunJson(
            Compact,
            mostChanges: 3,
            bytes => ManifestJson.Read(bytes),
            refused: error => Assert.InRange(error.Message.Length, 20, 2000));
    }

    private static string Compact { get; } = JsonNode.Parse(Manifests.SmallText)!.ToJsonString();

    private static PackageException Refused(byte[] utf8, PackageFaultKind kind)
    {
        var error = Assert.Throws<PackageException>(() => ManifestJson.Read(utf8));
        Assert.Equal((kind, PackageManifest.FileName), (error.Fault.Kind, error.Fault.File));
        return error;
    }

    private static string With(string path, string value)
    {
        var root = JsonNode.Parse(Compact)!;
        var parts = path.Split('.');
        var node = root;
        foreach (var part in parts[..^1])
        {
            node = node is JsonArray list ? list[int.Parse(part, CultureInfo.InvariantCulture)]! : node[part]!;
        }
        if (node is JsonArray array)
        {
            array[int.Parse(parts[^1], CultureInfo.InvariantCulture)] = JsonNode.Parse(value);
        }
        else
        {
            node[parts[^1]] = JsonNode.Parse(value);
        }
        return root.ToJsonString();
    }
}
