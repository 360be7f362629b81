using System.Buffers.Binary;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import.Gguf;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>S23, S36: bent GGUF files end in a read file or in the declared exception, within their memory.</summary>
public sealed class GgufFuzzTests(ITestOutputHelper output)
{
    private const int Seed = 2305;
    private const int Inputs = 100_000;

    /// <summary>What a file of n bytes may allocate while its header is read: 64 KiB + 32 n.</summary>
    private const long BudgetBytes = 64 << 10;
    private const long BudgetFactor = 32;

    private static readonly ulong[] Splinters =
    [
        0, 1, 2, 3, 4, 5, 8, 9, 13, 31, 32, 33, 255, 256, 65_535, 65_536, 1 << 20, int.MaxValue, 1UL << 31,
        uint.MaxValue, 1UL << 32, 1UL << 40, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue,
    ];

    private static readonly byte[][] Corpus = [.. Files()];

    [Fact]
    public void A_bent_file_is_refused_by_the_declared_exception_only_and_within_its_memory()
    {
        var inputs = int.TryParse(Environment.GetEnvironmentVariable("EDGE_AGENT_FUZZ"), out var more) ? more : Inputs;
        var random = new Random(Seed);
        var (taken, read) = (0, 0L);
        for (var i = 0; i < inputs; i++)
        {
            var input = Bend(Corpus[random.Next(Corpus.Length)], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var file = GgufFile.Read(new MemoryStream(input), "bent.gguf");
                taken++;
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before,
                    0, BudgetBytes + GgufFile.ReadChunkBytes + (BudgetFactor * input.Length));
                read += ReadAll(file);
            }
            catch (ModelToolsException error)
            {
                Assert.StartsWith("bent.gguf: ", error.Message, StringComparison.Ordinal);
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before,
                    0, BudgetBytes + GgufFile.ReadChunkBytes + (BudgetFactor * input.Length));
            }
            catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
            {
                Assert.Fail($"seed {Seed}, input {i}: {error}\n{Convert.ToBase64String(input)}");
            }
        }
        output.WriteLine($"seed {Seed}: {inputs} inputs, {100.0 * taken / inputs:0.0} % pass the header, "
            + $"{read} values read");
        Assert.True(taken > inputs / 3, $"only {taken} of {inputs} inputs passed the header");
    }

    private static IEnumerable<byte[]> Files()
    {
        yield return new GgufWriter()
            .Text("general.architecture", "llama").UInt32("general.alignment", 32).Flag("f", true).Real("r", 1.5f)
            .UInt32("llama.block_count", 4).Texts("tokenizer.ggml.tokens", "<s>", "a", "Ġb", "")
            .Numbers("tokenizer.ggml.token_type", 3, 1, 1, 6).Reals("tokenizer.ggml.scores", 0, -1, -2, float.NaN)
            .Text("tokenizer.chat_template", "{{ messages }}")
            .Tensor("token_embd.weight", [4, 8], new float[32]).Tensor("blk.0.attn_q.weight", [2, 2, 2], new float[8])
            .ToArray();
        yield return new GgufWriter { Version = 2, Alignment = 8 }
            .UInt32("general.alignment", 8)
            .Tensor("a", [2, 32], 2, Content(36)).Tensor("b", [1, 256], 12, Content(144))
            .Tensor("c", [256], 23, Content(136)).Tensor("d", [2, 4], 30, Content(16)).ToArray();
        var types = new GgufWriter();
        foreach (var number in Enumerable.Range(0, 40).Where(i => GgufBlockLayout.Of((uint)i) is not null))
        {
            var layout = GgufBlockLayout.Of((uint)number)!;
            types.Tensor($"t{number}", [1, layout.BlockElements], (uint)number, Content(layout.BlockBytes));
        }
        yield return types.ToArray();
        yield return new GgufWriter().ToArray();
    }

    private static byte[] Content(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 37))];

    private static byte[] Bend(byte[] honest, Random random)
    {
        var bytes = honest.ToArray();
        for (var changes = random.Next(1, 3); changes > 0 && bytes.Length > 8; changes--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(10))
            {
                case 0 or 1 or 2:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3 or 4:
                    Write(bytes, at, Splinters[random.Next(Splinters.Length)], random.Next(2) == 0 ? 4 : 8);
                    break;
                case 5:
                    bytes = [.. bytes[..(bytes.Length - random.Next(Math.Min(64, bytes.Length)))]];
                    break;
                case 6:
                    var from = random.Next(bytes.Length);
                    var length = Math.Min(random.Next(1, 40), bytes.Length - Math.Max(at, from));
                    bytes.AsSpan(from, length).ToArray().CopyTo(bytes, at);
                    break;
                case 7:
                    bytes = [.. bytes[..at], .. new byte[random.Next(1, 40)], .. bytes[at..]];
                    break;
                default:
                    bytes[at] = (byte)random.Next(32, 127);
                    break;
            }
        }
        return bytes;
    }

    private static void Write(byte[] bytes, int at, ulong value, int size)
    {
        var word = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        var length = Math.Min(size, bytes.Length - at);
        word.AsSpan(0, length).CopyTo(bytes.AsSpan(at));
    }

    private static long ReadAll(GgufFile file)
    {
        var values = 0L;
        foreach (var tensor in file.Header.Tensors.Values)
        {
            var target = new float[tensor.Elements];
            file.ReadRows(tensor, 0, target);
            values += target.Length;
            if (tensor.Layout.IsQuantized)
            {
                Assert.Equal(target.Length, file.ReadUnpackedRows(tensor, 0, (int)tensor.Rows).Levels.Length);
            }
        }
        return values;
    }
}
