using System.Buffers.Binary;
using EdgeAgent.ModelTools;
using EdgeAgent.ModelTools.Import.Gguf;

namespace EdgeAgent.Tests.ModelTools.Gguf;

/// <summary>S23, S36: bent GGUF files end in a read file or in the declared exception, within their memory.</summary>
public sealed class GgufFuzzTests(ITestOutputHelper output)
{
    private const string FileName = "bent.gguf";

    private static readonly ulong[] Splinters =
    [
        0, 1, 2, 3, 4, 5, 8, 9, 13, 31, 32, 33, 255, 256, 65_535, 65_536, 1 << 20, int.MaxValue, 1UL << 31,
        uint.MaxValue, 1UL << 32, 1UL << 40, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue,
    ];

    [Fact]
    public void A_bent_file_is_refused_by_the_declared_exception_only_and_within_its_memory() =>
        new FuzzLoop<ModelToolsException>(seed: 2305, output)
        {
            BudgetBytes = (64 << 10) + GgufFile.ReadChunkBytes,
            BudgetOfByte = 32,
        }.Run([.. Files()], Bend, Read, (file, _) => ReadAll(file), AssertNamed);

    [Fact]
    public void A_bent_model_is_refused_by_the_declared_exception_only_and_within_its_memory() =>
        new FuzzLoop<ModelToolsException>(seed: 2306, output)
        {
            BudgetBytes = (256 << 10) + GgufFile.ReadChunkBytes,
            BudgetOfByte = 64,
            PassesHeader = IsTaken,
        }.Run([.. Models()], Bend, input =>
        {
            using var model = GgufModel.Of(Read(input));
            return (model.ReadConfig(), model.ReadTokenizer(), model.ReadChatFormat());
        }, (read, _) => Assert.InRange(read.Item1.Layers, 1, 512), AssertNamed);

    private static GgufFile Read(byte[] input) => GgufFile.Read(new MemoryStream(input), FileName);

    private static bool IsTaken(byte[] input)
    {
        try
        {
            using var file = Read(input);
            return true;
        }
        catch (ModelToolsException)
        {
            return false;
        }
    }

    private static void AssertNamed(ModelToolsException error) =>
        Assert.StartsWith($"{FileName}: ", error.Message, StringComparison.Ordinal);

    /// <summary>All that stands before the layers of a model: byte-level, and in pieces with a window.</summary>
    private static IEnumerable<byte[]> Models()
    {
        GgufWriter Sizes(string name) => new GgufWriter().Text("general.architecture", name)
            .UInt32($"{name}.context_length", 64).UInt32($"{name}.embedding_length", 32)
            .UInt32($"{name}.block_count", 4).UInt32($"{name}.feed_forward_length", 64)
            .UInt32($"{name}.attention.head_count", 2).UInt32($"{name}.attention.head_count_kv", 1)
            .UInt32("tokenizer.ggml.eos_token_id", 0).UInt32("tokenizer.ggml.bos_token_id", 1)
            .Text("tokenizer.chat_template", "{{ messages }}");
        string[] tokens = ["</s>", "a", "b", "ab", "▁", "▁ab"];
        yield return Sizes("llama").UInt32("llama.attention.key_length", 16).Real("llama.rope.freq_base", 10_000)
            .Text("llama.rope.scaling.type", "yarn").Real("llama.rope.scaling.factor", 4)
            .Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "gpt-2")
            .Texts("tokenizer.ggml.tokens", tokens[..4]).Numbers("tokenizer.ggml.token_type", 3, 1, 1, 1)
            .Texts("tokenizer.ggml.merges", "a b")
            .Tensor("token_embd.weight", [4, 32], 0, Content(4 * 32 * 4)).ToArray();
        yield return Sizes("gemma3").UInt32("gemma3.attention.sliding_window", 16)
            .UInt32("gemma3.attention.sliding_window_pattern", 2).Text("tokenizer.ggml.model", "llama")
            .Texts("tokenizer.ggml.tokens", tokens).Reals("tokenizer.ggml.scores", 0, -1, -2, -3, -4, -5)
            .Numbers("tokenizer.ggml.token_type", 3, 1, 1, 1, 1, 1)
            .Tensor("token_embd.weight", [6, 32], 0, Content(6 * 32 * 4)).ToArray();
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

    private static void ReadAll(GgufFile file)
    {
        foreach (var tensor in file.Header.Tensors.Values)
        {
            var target = new float[tensor.Elements];
            file.ReadRows(tensor, 0, target);
            if (tensor.Layout.IsQuantized)
            {
                Assert.Equal(target.Length, file.ReadUnpackedRows(tensor, 0, (int)tensor.Rows).Levels.Length);
            }
        }
    }
}
