using System.Text;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Tests.Inference.Tokenizers;

/// <summary>A stream of tokens becomes whole characters, the same as all at once, and allocates nothing.</summary>
public sealed class IncrementalDecoderTests
{
    private const int FirstByte = 3;

    private readonly Tokenizer _tokenizer = SmallTokenizer.Load(SmallTokenizer.Pieces());

    [Fact]
    public void A_character_comes_when_its_last_byte_has_come()
    {
        var decoder = new IncrementalDecoder(_tokenizer);
        var buffer = new byte[decoder.MaxBytesPerToken];
        var lengths = "温a"u8.ToArray().Select(value => decoder.Decode(FirstByte + value, buffer)).ToArray();
        Assert.Equal([0, 0, 3, 1], lengths);
    }

    [Fact]
    public void Every_sequence_of_bytes_decodes_as_the_replacing_decoder_of_the_whole()
    {
        var random = new Random(7);
        byte[] heads =
        [
            0x41, 0x80, 0xBF, 0xC3, 0xA4, 0xE6, 0xB8, 0xA9, 0xED, 0xA0, 0xF0, 0x9F, 0x94, 0xA5, 0xF4, 0x90, 0xFF,
        ];
        for (var round = 0; round < 5000; round++)
        {
            var bytes = Enumerable.Range(0, random.Next(12)).Select(_ => heads[random.Next(heads.Length)]).ToArray();
            var ids = bytes.Select(value => FirstByte + value).ToArray();
            Assert.Equal(Encoding.UTF8.GetString(bytes), _tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void What_is_left_of_a_character_at_the_end_is_one_replacement_character()
    {
        var decoder = new IncrementalDecoder(_tokenizer);
        var buffer = new byte[decoder.MaxBytesPerToken];
        decoder.Decode(FirstByte + 0xF0, buffer);
        decoder.Decode(FirstByte + 0x9F, buffer);
        Assert.Equal("\uFFFD"u8, buffer.AsSpan(0, decoder.Flush(buffer)));
        Assert.Equal(0, decoder.Flush(buffer));
    }

    [Fact]
    public void The_blank_of_the_normalizer_is_cut_once_and_special_tokens_are_hidden()
    {
        int[] ids = [1, 263, 263, 2];
        Assert.Equal("ab ab", _tokenizer.Decode(ids));
        Assert.Equal("<s> ab ab</s>", _tokenizer.Decode(ids, showSpecial: true));
    }

    [Fact]
    public void Decoding_a_token_allocates_nothing()
    {
        var decoder = new IncrementalDecoder(_tokenizer);
        var buffer = new byte[decoder.MaxBytesPerToken];
        int[] ids = [263, FirstByte + 0xE6, FirstByte + 0xB8, FirstByte + 0xFF, 1, 2, 9999];
        Run(decoder, ids, buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(decoder, ids, buffer);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Run(IncrementalDecoder decoder, int[] ids, byte[] buffer)
    {
        for (var i = 0; i < 1000; i++)
        {
            decoder.Decode(ids[i % ids.Length], buffer);
        }
        decoder.Flush(buffer);
    }
}
