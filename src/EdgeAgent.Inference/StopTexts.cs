using System.Text;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.Inference;

/// <summary>Finds the stop strings of one answer as its tokens come, without allocating.</summary>
internal sealed class StopTexts
{
    private readonly IncrementalDecoder? _decoder;
    private readonly byte[][] _texts;
    private readonly int _longest;

    /// <summary>The end of the answer: what may still begin a stop string, then the text of the newest token.</summary>
    private readonly byte[] _tail;
    private int _tailCount;
    private long _bytesBeforeTail;

    public StopTexts(Tokenizer tokenizer, IReadOnlyList<string> texts)
    {
        _texts = texts.Select(Encoding.UTF8.GetBytes).ToArray();
        _longest = _texts.Length == 0 ? 0 : _texts.Max(t => t.Length);
        _decoder = _texts.Length == 0 ? null : new IncrementalDecoder(tokenizer);
        _tail = new byte[_decoder is null ? 0 : _longest + _decoder.MaxBytesPerToken];
    }

    /// <summary>Where in the answer's UTF-8 the stop string begins, once one was found.</summary>
    public long? FoundAtByte { get; private set; }

    /// <summary>Takes the next token; true when the answer now contains a stop string.</summary>
    public bool Found(int token)
    {
        if (_decoder is null)
        {
            return false;
        }
        _tailCount += _decoder.Decode(token, _tail.AsSpan(_tailCount));
        var first = int.MaxValue;
        foreach (var text in _texts)
        {
            var at = _tail.AsSpan(0, _tailCount).IndexOf(text);
            first = at >= 0 && at < first ? at : first;
        }
        if (first != int.MaxValue)
        {
            FoundAtByte = _bytesBeforeTail + first;
            return true;
        }
        var forget = Math.Max(0, _tailCount - (_longest - 1));
        _tail.AsSpan(forget, _tailCount - forget).CopyTo(_tail);
        _tailCount -= forget;
        _bytesBeforeTail += forget;
        return false;
    }
}
