using System.Buffers.Binary;
using System.Text;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>A safetensors file is exact, or it is refused before anything is read from it.</summary>
public sealed class SafetensorsFileTests(ITestOutputHelper output) : IDisposable
{
    private const string Honest = """
        {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
        "b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"F16","shape":[2],"data_offsets":[32,36]}}
        """;
    private const int HonestBytes = 36;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Tensors_of_every_known_type_are_read_as_floats()
    {
        var content = new byte[HonestBytes];
        for (var i = 0; i < 6; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(content.AsSpan(4 * i), i + 0.5f);
        }
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(24), 0x3F80);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(30), 0xC040);
        BinaryPrimitives.WriteHalfLittleEndian(content.AsSpan(32), (Half)0.25);
        using var file = SafetensorsFile.Open(Write(Honest, content));
        Assert.Equal([0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f], file.Read("a", 2, 3));
        Assert.Equal([1f, 0, 0, -3f], file.Read("b", 4));
        Assert.Equal([0.25f, 0], file.Read("c", 2));
        Assert.False(file.Contains("__metadata__"));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]}}""", 28, "begins at 4, not at 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"""
        + ""","b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "begins at 8, not at 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"""
        + ""","b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "begins at 4, not at 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""",
        12, "its tensors end at 8, but the file has 12")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7,
        "tensor 'a' ends at 8, but the file has 7 bytes of tensors; it may be cut short")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "which its shape does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}""", 8, "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 0, "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775804,-9223372036854775808]}}""",
        4, "does not fill")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "not two offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""",
        4, "more than 8 dimensions")]
    [InlineData("""{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""", 8, "type I64; known are F32, F16, BF16")]
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", 4, "its header is not valid")]
    [InlineData("""{"a":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}""", 4, "has type")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}}""", 4, "its header is not valid")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "its header is not valid")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "its header is not valid at tensor 'a'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"""
        + ""","a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "its header is not valid")]
    [InlineData("[]", 0, "its header is not valid")]
    [InlineData("{", 0, "its header is not valid")]
    [InlineData("""{"\ud800":1}""", 0, "its header is not valid")]
    public void A_header_that_breaks_the_format_is_refused_with_the_reason(string header, int bytes, string says) =>
        AssertRefused(Write(header, new byte[bytes]), says);

    [Fact]
    public void A_nested_header_is_refused() =>
        AssertRefused(Write($"{{\"a\":{new string('[', 20_000)}", []), "its header is not valid");

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(1UL << 25)]
    [InlineData(3UL)]
    public void A_header_length_beyond_file_or_limit_is_refused(ulong length)
    {
        var file = new byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        AssertRefused(Write(file), "its header claims");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_file_shorter_than_its_first_number_is_refused(int length) =>
        AssertRefused(Write(new byte[length]), "shorter than 8 bytes");

    [Fact]
    public void Rows_that_are_read_alone_are_those_of_the_whole()
    {
        var path = _folder.File("model.safetensors");
        SafetensorsWriter.Write(path,
            [("a", [2], [7, 8]), ("b", [4, 3], [.. Enumerable.Range(0, 12).Select(i => (float)i)])]);
        using var file = SafetensorsFile.Open(path);
        var rows = new float[6];
        file.ReadRows("b", [4, 3], 1, rows);
        Assert.Equal([3f, 4, 5, 6, 7, 8], rows);
    }

    [Fact]
    public void A_missing_tensor_and_another_shape_are_named()
    {
        using var file = SafetensorsFile.Open(Write(Honest, new byte[HonestBytes]));
        var missing = Assert.Throws<ModelToolsException>(() => file.Read("d", 1));
        Assert.Contains("tensor 'd' is missing", missing.Message, StringComparison.Ordinal);
        var shape = Assert.Throws<ModelToolsException>(() => file.Read("a", 3, 2));
        Assert.Contains("has shape [2, 3], config.json makes it [3, 2]", shape.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_thousand_hostile_headers_are_refused_or_read_and_nothing_else()
    {
        const int seed = 91;
        new FuzzLoop<ModelToolsException>(seed, output) { BudgetBytes = 64 << 10, BudgetOfByte = 32 }.RunJson(
            Honest,
            mostChanges: 1,
            header => SafetensorsFile.ReadEntries("x.safetensors", header, HonestBytes),
            (entries, _) => Assert.All(entries.Values, entry => Assert.True(entry.Begin >= 0
                && entry.End <= HonestBytes && entry.Elements >= 0 && entry.Shape.All(dimension => dimension >= 0))),
            error =>
            {
                Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
                Assert.InRange(error.Message.Length, 20, 2000);
            });
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertRefused(string path, string says)
    {
        var error = Assert.Throws<ModelToolsException>(() => SafetensorsFile.Open(path).Dispose());
        Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
        Assert.StartsWith("model.safetensors: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private string Write(string header, byte[] content)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, Encoding.UTF8.GetByteCount(header));
        return Write([.. length, .. Encoding.UTF8.GetBytes(header), .. content]);
    }

    private string Write(byte[] file)
    {
        var path = _folder.File("model.safetensors");
        File.WriteAllBytes(path, file);
        return path;
    }
}
