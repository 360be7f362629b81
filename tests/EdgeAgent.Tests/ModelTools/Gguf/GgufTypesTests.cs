using System.Text.Json;
using EdgeAgent.ModelTools.Import.Gguf;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>Every tensor type gives the values of the public `gguf` library: Fixtures/gguf/types.json.</summary>
public sealed class GgufTypesTests
{
    internal static readonly string Folder = Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/gguf");

    public static TheoryData<string> Types =>
    [
        "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
        "IQ4_NL", "IQ4_XS",
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_value_of_a_type_is_that_of_the_reference(string type)
    {
        var (shape, expected) = Expected(type);
        using var file = GgufFile.Open(Path.Combine(Folder, "types.gguf"));
        var tensor = file.Header.Tensors[$"{type}.weight"];
        Assert.Equal(type, tensor.Layout.Name);
        Assert.Equal(shape, tensor.Shape);
        var values = new float[tensor.Elements];
        file.ReadRows(tensor, 0, values);
        Assert.Equal(expected, values);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Rows_can_be_read_one_by_one_and_unpacked(string type)
    {
        var (_, expected) = Expected(type);
        using var file = GgufFile.Open(Path.Combine(Folder, "types.gguf"));
        var tensor = file.Header.Tensors[$"{type}.weight"];
        var columns = (int)tensor.Columns;
        for (var row = 2; row >= 0; row--)
        {
            var values = new float[columns];
            file.ReadRows(tensor, row, values);
            Assert.Equal(expected.AsSpan(row * columns, columns).ToArray(), values);
            if (tensor.Layout.IsQuantized)
            {
                Assert.Equal(values, MultiplyOut(tensor.Layout, file.ReadUnpackedRows(tensor, row, 1)));
            }
        }
    }

    internal static (long[] Shape, float[] Values) Expected(string type)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "types.json")));
        var entry = document.RootElement.GetProperty(type);
        return ([.. entry.GetProperty("shape").EnumerateArray().Select(item => item.GetInt64())],
            [.. Flat(entry.GetProperty("values"))]);
    }

    private static IEnumerable<float> Flat(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? element.EnumerateArray().SelectMany(Flat)
        : [element.GetSingle()];

    private static float[] MultiplyOut(GgufBlockLayout layout, UnpackedRows rows)
    {
        Assert.All(rows.Levels, level => Assert.InRange(level, layout.LowestLevel, layout.HighestLevel));
        return [.. rows.Levels.Select((level, i) => (rows.Scales[i / layout.GroupElements] * level)
            + (layout.HasMinimum ? rows.Minimums[i / layout.GroupElements] : 0))];
    }
}
