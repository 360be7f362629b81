using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import.Gguf;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>S23: what llama.cpp refuses and what exceeds our limits is one error that names file and field.</summary>
public sealed class GgufHeaderTests
{
    private const ulong Huge = ulong.MaxValue;

    public static TheoryData<string, string> Bent => new()
    {
        { "empty", "may be cut short" },
        { "magic", "does not begin with 'GGUF'" },
        { "version 1", "version 1; known are 2 and 3" },
        { "version 4", "version 4" },
        { "version 0", "version 0" },
        { "big-endian", "big-endian" },
        { "no counts", "may be cut short" },
        { "tensor count", "the number of tensors is 18446744073709551615" },
        { "field count", "the number of fields is 18446744073709551615" },
        { "more fields than there are", "it ends within" },
        { "key length", "the length of the key of field 0 is" },
        { "empty key", "has no key" },
        { "key not UTF-8", "is not UTF-8" },
        { "value type", "type 13, which the format does not know" },
        { "text length", "the length of general.name is" },
        { "text not UTF-8", "general.name is not UTF-8" },
        { "template too long", "the limit is 65536" },
        { "list of lists", "a list of lists" },
        { "list type", "type 77" },
        { "list length", "the length of the list a is" },
        { "flag of 2", "neither true nor false" },
        { "same key twice", "general.name stands there twice" },
        { "alignment 0", "general.alignment is 0" },
        { "alignment 12", "power of two" },
        { "alignment as text", "general.alignment is '32'" },
        { "alignment as list", "is a list" },
        { "no dimensions", "has 0 dimensions" },
        { "five dimensions", "has 5 dimensions" },
        { "dimension 0", "has no elements" },
        { "dimension -1", "has no elements, or more than" },
        { "product overflow", "has no elements, or more than" },
        { "type unknown", "has type 9; known are F32" },
        { "rows not divisible", "do not divide" },
        { "offset unaligned", "must be a multiple of 32" },
        { "offset beyond the end", "may be cut short" },
        { "offset near 2^63", "may be cut short" },
        { "offset above 2^63", "must be a multiple of 32" },
        { "overlap", "overlaps" },
        { "same name twice", "stands there twice" },
        { "name too long", "the length of the name of tensor 0 is 64" },
        { "tensors cut", "may be cut short" },
    };

    [Theory]
    [MemberData(nameof(Bent))]
    public void A_bent_header_is_refused_with_the_field_that_is_wrong(string kind, string part)
    {
        var error = Assert.Throws<ModelToolsException>(() =>
            GgufHeader.Read(new MemoryStream(Make(kind)), "bent.gguf"));
        Assert.Equal(ModelToolsFault.SourceInvalid, error.Fault);
        Assert.StartsWith("bent.gguf: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_2_and_3_and_other_alignments_are_read()
    {
        foreach (var (version, alignment) in new[] { (2u, 32), (3u, 32), (3u, 1), (3u, 256) })
        {
            var file = new GgufWriter { Version = version, Alignment = alignment }
                .UInt32("general.alignment", (uint)alignment)
                .Tensor("a", [2, 3], [1, 2, 3, 4, 5, 6]).Tensor("b", [3], [7, 8, 9]).ToArray();
            var header = GgufHeader.Read(new MemoryStream(file), "x.gguf");
            Assert.Equal([2L, 3L], header.Tensors["a"].Shape);
            Assert.Equal(24, header.Tensors["a"].SizeBytes);
            Assert.Equal(0, header.Tensors["b"].Offset % alignment);
            Assert.Equal(7, BitConverter.ToSingle(file, (int)header.Tensors["b"].Offset));
        }
    }

    [Fact]
    public void Metadata_is_read_with_bounds_that_the_error_names()
    {
        var metadata = GgufHeader.Read(new MemoryStream(new GgufWriter()
            .UInt32("n", 7).Real("r", 0.5f).Flag("f", true).Texts("t", "a", "b").Numbers("i", 1, -2).ToArray()),
            "x.gguf").Metadata;
        Assert.Equal(7, metadata.Whole("n", 1, 7));
        Assert.Equal(0.5, metadata.Real("r", 0, 1, absent: 9));
        Assert.Equal(9, metadata.Real("absent", 0, 10, absent: 9));
        Assert.True(metadata.Flag("f"));
        Assert.Equal(["a", "b"], metadata.Texts("t"));
        Assert.Equal([1, -2], metadata.OptionalWholes("i", -2, 1)!);
        Assert.Equal("x.gguf: n is 7; it must be a whole number from 8 to 9.",
            Assert.Throws<ModelToolsException>(() => metadata.Whole("n", 8, 9)).Message);
        Assert.Equal("x.gguf: i[1] is no whole number from 0 to 5.",
            Assert.Throws<ModelToolsException>(() => metadata.OptionalWholes("i", 0, 5)).Message);
        Assert.Equal("x.gguf: t is a list; it must be one value.",
            Assert.Throws<ModelToolsException>(() => metadata.Text("t")).Message);
    }

    private static byte[] Make(string kind)
    {
        var honest = Honest().ToArray();
        return kind switch
        {
            "empty" => [],
            "magic" => [(byte)'g', .. honest[1..]],
            "no counts" => honest[..12],
            "tensors cut" => honest[..^32],
            "big-endian" => [.. honest[..4], 0, 0, 0, 3, .. honest[8..]],
            _ when kind.StartsWith("version ", StringComparison.Ordinal) =>
                [.. honest[..4], (byte)(kind[^1] - '0'), 0, 0, 0, .. honest[8..]],
            _ => BentField(kind) ?? BentTensor(kind),
        };
    }

    private static byte[]? BentField(string kind)
    {
        var file = new GgufWriter();
        return (kind switch
        {
            "field count" => file.Claim(fields: Huge),
            "tensor count" => file.Claim(tensors: Huge),
            "more fields than there are" => file.Text("general.name", new string('x', 100)).Claim(fields: 3),
            "empty key" => file.UInt32("", 1),
            "value type" => file.Field("a", 13, new byte[8]),
            "text length" => file.Field("general.name", 8, [.. Enumerable.Repeat((byte)255, 8), 1, 2]),
            "text not UTF-8" => file.Field("general.name", 8, [1, 0, 0, 0, 0, 0, 0, 0, 0xFF]),
            "template too long" => file.Text("tokenizer.chat_template", new string('x', 65_537)),
            "list of lists" => file.Field("a", 9, [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            "list type" => file.Field("a", 9, [77, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5]),
            "list length" => file.Field("a", 9, [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5]),
            "flag of 2" => file.Field("a", 7, [2]),
            "same key twice" => file.Text("general.name", "a").Text("general.name", "b"),
            "alignment 0" => file.UInt32("general.alignment", 0),
            "alignment 12" => file.UInt32("general.alignment", 12),
            "alignment as text" => file.Text("general.alignment", "32"),
            "alignment as list" => file.Numbers("general.alignment", 32),
            _ => null,
        })?.ToArray() ?? (kind.StartsWith("key ", StringComparison.Ordinal) ? BentKey(kind) : null);
    }

    private static byte[] BentKey(string kind)
    {
        var file = new GgufWriter().UInt32("abc", 1).ToArray();
        if (kind == "key length")
        {
            file[24 + 7] = 0x7F;
        }
        else
        {
            file[24 + 8] = 0xFF;
        }
        return file;
    }

    private static byte[] BentTensor(string kind)
    {
        var file = new GgufWriter();
        var four = new byte[16];
        return (kind switch
        {
            "no dimensions" => file.Tensor("a", [], 0, four),
            "five dimensions" => file.Tensor("a", [1, 1, 1, 1, 4], 0, four),
            "dimension 0" => file.Tensor("a", [0, 4], 0, four),
            "dimension -1" => file.Tensor("a", [-1], 0, four),
            "product overflow" => file.Tensor("a", [1L << 32, 1L << 32, 1L << 32, 1L << 32], 0, four),
            "type unknown" => file.Tensor("a", [4], 9, four),
            "rows not divisible" => file.Tensor("a", [2, 16], 2, new byte[18]),
            "offset unaligned" => file.Tensor("a", [4], 0, four, offset: 8),
            "offset beyond the end" => file.Tensor("a", [4], 0, four, offset: 1 << 20),
            "offset near 2^63" => file.Tensor("a", [4], 0, four, offset: long.MaxValue - 31),
            "offset above 2^63" => file.Tensor("a", [4], 0, four, offset: 1UL << 63),
            "overlap" => file.Tensor("a", [4], 0, four).Tensor("b", [4], 0, four, offset: 0),
            "same name twice" => file.Tensor("a", [4], 0, four).Tensor("a", [4], 0, four),
            "name too long" => file.Tensor(new string('n', 64), [4], 0, four),
            _ => throw new ArgumentException(kind),
        }).ToArray();
    }

    private static GgufWriter Honest() => new GgufWriter().Text("general.name", "x").Tensor("a", [4], [1, 2, 3, 4]);
}
