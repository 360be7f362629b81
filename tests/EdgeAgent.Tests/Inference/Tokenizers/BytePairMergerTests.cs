using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>Both ways of merging give the same tokens, and long words take no square of their length.</summary>
public sealed class BytePairMergerTests
{
    [Fact]
    public void Scanning_and_the_heap_agree()
    {
        const int seed = 11;
        var random = new Random(seed);
        for (var round = 0; round < 2000; round++)
        {
            var merges = new MergeTable(30);
            for (var rank = 0; rank < 30; rank++)
            {
                merges.Add(random.Next(4 + rank), random.Next(4 + rank), rank, 4 + rank);
            }
            var symbols = Enumerable.Range(0, random.Next(1, 60)).Select(_ => random.Next(4)).ToArray();
            Assert.True(
                Merge(merges, symbols, merger => merger.MergeByScan())
                    .SequenceEqual(Merge(merges, symbols, merger => merger.MergeByHeap())),
                $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void A_word_of_a_megabyte_is_merged_completely()
    {
        var tokenizer = SmallTokenizer.Load(SmallTokenizer.Pieces());
        var ids = tokenizer.Encode(string.Concat(Enumerable.Repeat("ab", 1 << 19)));
        Assert.Equal(1 << 19, ids.Count);
        Assert.All(ids, id => Assert.Equal(262, id));
    }

    private static List<int> Merge(MergeTable merges, int[] symbols, Action<BytePairMerger> way)
    {
        var merger = new BytePairMerger(merges);
        foreach (var symbol in symbols)
        {
            merger.Append(symbol);
        }
        way(merger);
        var output = new List<int>();
        merger.Merge(output);
        return output;
    }
}
