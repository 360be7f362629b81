using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>Formats are chosen where they save most, and never above the budget.</summary>
public sealed class BitBudgetTests(ITestOutputHelper output)
{
    private static readonly BlockFormat[] Formats =
    [
        new(4, 64, IsSymmetric: true), new(4, 32, IsSymmetric: true), new(8, 64, IsSymmetric: true),
    ];

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void The_budget_is_never_exceeded_and_what_is_left_buys_no_further_step(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var matrices = Enumerable.Range(0, random.Next(1, 40)).Select(i =>
            {
                var loss = random.NextDouble();
                return new FormatLosses($"m{i}", random.Next(1, 100) * 64, 64, [loss, loss * 0.7, loss * 0.01]);
            }).ToList();
            var budget = 4.5 + (random.NextDouble() * 4.5);
            var chosen = BitBudget.Choose(matrices, Formats, budget);
            var weights = matrices.Sum(matrix => matrix.Weights);
            var spent = matrices.Sum(matrix => matrix.Weights * chosen[matrix.Name].StoredBits);
            Assert.InRange(spent, 0, (budget * weights) + 1e-6);
            var left = (budget * weights) - spent;
            Assert.DoesNotContain(matrices, matrix => Formats.Any(format =>
                format.StoredBits > chosen[matrix.Name].StoredBits
                && matrix.Weights * (format.StoredBits - chosen[matrix.Name].StoredBits) <= left - 1e-6));
        }
    }

    [Fact]
    public void The_matrix_that_loses_most_for_its_size_gets_the_bits()
    {
        FormatLosses[] matrices =
        [
            new("harmless", 640, 64, [0.1, 0.05, 0]), new("sensitive", 640, 64, [10, 5, 0]),
            new("small", 64, 64, [0.1, 0.05, 0]),
        ];
        var chosen = BitBudget.Choose(matrices, Formats, bits: 6.5);
        Assert.Equal(8, chosen["sensitive"].Bits);
        Assert.Equal(4, chosen["harmless"].Bits);
    }

    [Fact]
    public void Zero_points_that_fill_a_byte_alone_are_counted_as_the_byte() =>
        Assert.Equal((32 * 4) + 32 + 8, 32 * new BlockFormat(4, 32, IsSymmetric: false).StoredBitsOf(inputs: 32));

    [Fact]
    public void A_budget_below_every_format_leaves_the_smallest()
    {
        var chosen = BitBudget.Choose([new FormatLosses("one", 64, 64, [1, 0.5, 0])], Formats, bits: 2);
        Assert.Equal(Formats[0], chosen["one"]);
    }
}
