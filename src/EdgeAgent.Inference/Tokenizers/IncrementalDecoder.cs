using System.Buffers;
using System.Text;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Decodes a stream of tokens into whole UTF-8 characters, without allocating.</summary>
/// <remarks>
/// A token may end inside a character: its bytes wait for the next one. Bytes that can never become a character
/// come out as U+FFFD, one for each maximal broken part. One instance serves one stream.
/// </remarks>
public sealed class IncrementalDecoder(Tokenizer tokenizer, bool showSpecial = false)
{
    private const int LongestCharacterBytes = 4;

    private readonly byte[] _pending = new byte[LongestCharacterBytes];
    private int _pendingCount;
    private int _blanksToCut = tokenizer.BlanksCutAtStart;

    /// <summary>The room that <see cref="Decode"/> and <see cref="Flush"/> may need.</summary>
    /// <remarks>Every byte can be broken, and U+FFFD has three.</remarks>
    public int MaxBytesPerToken { get; } = 3 * (tokenizer.LongestTokenBytes + LongestCharacterBytes);

    /// <summary>Takes a token and writes the characters that are whole now.</summary>
    /// <returns>The bytes written, possibly 0.</returns>
    public int Decode(int id, Span<byte> destination)
    {
        if (!showSpecial && tokenizer.IsSpecial(id))
        {
            return 0;
        }
        var token = tokenizer.TokenBytes(id);
        while (_blanksToCut > 0 && !token.IsEmpty)
        {
            var blank = token[0] == ' ';
            _blanksToCut = blank ? _blanksToCut - 1 : 0;
            token = token[(blank ? 1 : 0)..];
        }
        var written = 0;
        while (_pendingCount > 0 && !token.IsEmpty)
        {
            _pending[_pendingCount++] = token[0];
            token = token[1..];
            written += WritePending(destination[written..]);
        }
        return written + WriteWhole(token, destination[written..]);
    }

    /// <summary>Ends the stream: what is left of a character comes out as U+FFFD.</summary>
    public int Flush(Span<byte> destination)
    {
        var written = _pendingCount > 0 ? Write(Rune.ReplacementChar, destination) : 0;
        Reset();
        return written;
    }

    /// <summary>Begins a new stream.</summary>
    public void Reset() => (_pendingCount, _blanksToCut) = (0, tokenizer.BlanksCutAtStart);

    private int WritePending(Span<byte> destination)
    {
        var written = 0;
        // A broken beginning leaves its last byte, which may begin a character itself.
        while (_pendingCount > 0)
        {
            var status = Rune.DecodeFromUtf8(_pending.AsSpan(0, _pendingCount), out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                break;
            }
            written += Write(rune, destination[written..]);
            _pending.AsSpan(consumed, _pendingCount - consumed).CopyTo(_pending);
            _pendingCount -= consumed;
        }
        return written;
    }

    private int WriteWhole(ReadOnlySpan<byte> token, Span<byte> destination)
    {
        var written = 0;
        while (!token.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(token, out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                token.CopyTo(_pending);
                _pendingCount = token.Length;
                break;
            }
            written += Write(rune, destination[written..]);
            token = token[consumed..];
        }
        return written;
    }

    private static int Write(Rune rune, Span<byte> destination) => rune.EncodeToUtf8(destination);
}
