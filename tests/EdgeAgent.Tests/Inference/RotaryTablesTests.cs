using System.Text.Json;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.Tests.ModelTools;

namespace EdgeAgent.Tests.Inference;

/// <summary>A scaling in config.json becomes the tables that transformers' formulas give.</summary>
public sealed class RotaryTablesTests : IDisposable
{
    private static readonly JsonElement s_vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(
        Repository.Root, "tests/EdgeAgent.Tests/Fixtures/rotary/vectors.json"))).RootElement;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names =>
        [.. s_vectors.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Tables_are_those_of_the_formulas(string name)
    {
        var vector = s_vectors.GetProperty("cases").EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == name);
        var source = FamilyModel.Write(_folder.File("source"), vector.GetProperty("family").GetString()!,
            vector.GetProperty("config").GetRawText(), seed: 1);
        var table = Assert.Single(new HuggingFaceFolder(source).ReadConfig().Rotary);
        var context = vector.GetProperty("context").GetInt32();
        var (cos, sin) = RotaryTables.Compute(table, context);
        AssertRows(vector.GetProperty("cos"), cos, table.Dimensions / 2);
        AssertRows(vector.GetProperty("sin"), sin, table.Dimensions / 2);
        Assert.Equal(context * table.Dimensions / 2, cos.Length);
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertRows(JsonElement rows, float[] values, int half)
    {
        var positions = s_vectors.GetProperty("positions");
        for (var row = 0; row < rows.GetArrayLength(); row++)
        {
            var expected = rows[row].EnumerateArray().Select(value => value.GetDouble()).ToArray();
            Assert.Equal(half, expected.Length);
            for (var i = 0; i < half; i++)
            {
                // fp32 angles of up to 119 turn by a few 1e-6.
                Assert.Equal(expected[i], values[(positions[row].GetInt32() * half) + i], 3e-5);
            }
        }
    }
}
