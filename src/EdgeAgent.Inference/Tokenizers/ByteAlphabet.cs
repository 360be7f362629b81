using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>The printable character that stands for each byte in byte-level vocabularies (space is Ġ).</summary>
/// <remarks>Source: bytes_to_unicode of GPT-2. Printable Latin-1 stays, the others follow from U+0100 on.</remarks>
internal static class ByteAlphabet
{
    private static readonly short[] ByteOf = BuildByteOf();

    /// <summary>Turns a token as the file writes it into the bytes that it stands for.</summary>
    /// <returns>False when a character is outside the alphabet; then <paramref name="bytes"/> holds rubbish.</returns>
    public static bool TryToBytes(ReadOnlySpan<byte> utf8, Span<byte> bytes, out int count)
    {
        count = 0;
        while (!utf8.IsEmpty)
        {
            Rune.DecodeFromUtf8(utf8, out var rune, out var consumed);
            if (rune.Value >= ByteOf.Length || ByteOf[rune.Value] < 0)
            {
                return false;
            }
            bytes[count++] = (byte)ByteOf[rune.Value];
            utf8 = utf8[consumed..];
        }
        return true;
    }

    private static short[] BuildByteOf()
    {
        var byteOf = new short[324];
        Array.Fill(byteOf, (short)-1);
        var next = 256;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            byteOf[printable ? value : next++] = (short)value;
        }
        return byteOf;
    }
}
