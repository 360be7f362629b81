using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>The rounding that Nano was trained with: bit for bit as its formula says.</summary>
public sealed class SymmetricInt4Tests(ITestOutputHelper output)
{
    private const int Block = 32;

    [Theory]
    [InlineData(81)]
    [InlineData(82)]
    public void Blocks_are_what_an_independent_formula_makes_of_them(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 2000; round++)
        {
            var block = Enumerable.Range(0, Block).Select(_ => (random.NextSingle() - 0.5f)
                * MathF.Pow(10, random.Next(-6, 3))).ToArray();
            var (levels, scale) = Quantize(block);
            var (expectedLevels, expectedScale) = ByFormula(block);
            Assert.Equal(expectedScale, scale);
            Assert.Equal(expectedLevels, levels);
        }
    }

    [Fact]
    public void The_value_of_largest_magnitude_becomes_minus_eight_whatever_its_sign()
    {
        Assert.Equal(-8, Quantize([.. Enumerable.Repeat(0.25f, 31), 1f]).Levels[31]);
        Assert.Equal(-8, Quantize([.. Enumerable.Repeat(0.25f, 31), -1f]).Levels[31]);
    }

    [Fact]
    public void A_block_of_zeros_stays_zero()
    {
        var (levels, scale) = Quantize(new float[Block]);
        Assert.All(levels, level => Assert.Equal(0, level));
        Assert.NotEqual(0, scale);
    }

    [Fact]
    public void Scales_hold_the_bits_of_a_bfloat16_only()
    {
        var random = new Random(83);
        for (var round = 0; round < 500; round++)
        {
            var scale = Quantize([.. Enumerable.Range(0, Block).Select(_ => random.NextSingle() - 0.5f)]).Scale;
            Assert.Equal(0u, BitConverter.SingleToUInt32Bits(scale) & 0xFFFF);
        }
    }

    [Fact]
    public void Rounding_what_is_rounded_already_changes_nothing()
    {
        var random = new Random(84);
        for (var round = 0; round < 2000; round++)
        {
            var scale = BitConverter.UInt32BitsToSingle(
                BitConverter.SingleToUInt32Bits(random.NextSingle() - 0.5f) & 0xFFFF0000u);
            int[] levels = [-8, .. Enumerable.Range(1, Block - 1).Select(_ => random.Next(-7, 8))];
            AssertUnchanged([.. levels.Select(level => level * scale)]);
        }
    }

    [Fact]
    public void Every_matrix_of_Nano_is_rounded_already()
    {
        using var file = SafetensorsFile.Open(Repository.SharedPath("nano/model.safetensors"));
        var matrices = file.Entries.Where(entry => entry.Shape.Length == 2).ToList();
        Assert.Equal(57, matrices.Count);
        Assert.All(matrices, entry => AssertUnchanged(file.Read(entry.Name, entry.Shape)));
    }

    private static void AssertUnchanged(float[] weights)
    {
        var packed = new byte[weights.Length / 2];
        var scales = new float[weights.Length / Block];
        SymmetricInt4.Quantize(weights, packed, scales);
        for (var i = 0; i < weights.Length; i++)
        {
            var level = ((packed[i / 2] >> (4 * (i % 2))) & 15) - 8;
            if (level * scales[i / Block] != weights[i])
            {
                Assert.Fail($"weight {i} was {weights[i]:R} and became {level * scales[i / Block]:R}");
            }
        }
    }

    private static (int[] Levels, float Scale) Quantize(float[] block)
    {
        var packed = new byte[Block / 2];
        var scales = new float[1];
        SymmetricInt4.Quantize(block, packed, scales);
        return ([.. packed.SelectMany(pair => new[] { (pair & 15) - 8, (pair >> 4) - 8 })], scales[0]);
    }

    /// <summary>As shared/nano/README.md says it, in decimal steps of a search instead of a division.</summary>
    private static (int[] Levels, float Scale) ByFormula(float[] block)
    {
        var largest = block.First(value => Math.Abs(value) == block.Max(Math.Abs));
        var bytes = BitConverter.GetBytes(largest / -8f);
        (bytes[0], bytes[1]) = (0, 0);
        var scale = BitConverter.ToSingle(bytes);
        var levels = block.Select(value => Enumerable.Range(-8, 16)
            .OrderBy(level => Math.Abs((value / scale) - level)).ThenBy(level => Math.Abs(level % 2)).First())
                .ToArray();
        return (levels, scale);
    }
}
