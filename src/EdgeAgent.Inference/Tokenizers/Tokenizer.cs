using System.Text;
using System.Text.Unicode;

namespace EdgeAgent.Inference.Tokenizers;

/// <summary>Turns text into the tokens of one model and back, as its tokenizer.json says.</summary>
/// <remarks>
/// Immutable after loading; every member may be called from several threads at once.
/// Text that is not valid UTF-8 gets U+FFFD for every broken part, as Python's and .NET's replacing decoders do.
/// Special tokens are recognised only where the caller says that the text comes from a template.
/// Tokens that a model's post-processor would add (begin, end) are never added: chat templates write them.
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerModel _model;

    internal Tokenizer(TokenizerModel model) => _model = model;

    /// <summary>The highest token id + 1.</summary>
    public int VocabularySize => _model.Decoded.Size;

    /// <summary>The most bytes that one token stands for.</summary>
    public int LongestTokenBytes => _model.Decoded.LongestBytes;

    /// <summary>True when decoded text loses the blank that the normalizer put before it (Llama 2).</summary>
    internal int BlanksCutAtStart => _model.BlanksCutAtStart;

    /// <summary>Reads a tokenizer.json.</summary>
    /// <exception cref="TokenizerException">The file is broken, above a limit, or needs what we do not run.</exception>
    public static Tokenizer Load(ReadOnlySpan<byte> json) => new(TokenizerReader.Read(json));

    /// <summary>Reads a tokenizer.json from a file.</summary>
    /// <exception cref="TokenizerException">As <see cref="Load"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Tokenizer LoadFile(string path)
    {
        var size = new FileInfo(path).Length;
        if (size > TokenizerLimits.FileBytes)
        {
            throw new TokenizerException(
                TokenizerFault.LimitExceeded,
                $"tokenizer.json has {size} bytes; the limit is {TokenizerLimits.FileBytes}.");
        }
        return Load(File.ReadAllBytes(path));
    }

    /// <summary>Adds the tokens of a text to the output.</summary>
    /// <param name="recogniseSpecial">The text is a template's: special tokens written in it count.</param>
    /// <returns>The number of tokens added.</returns>
    public int Encode(ReadOnlySpan<byte> utf8, List<int> output, bool recogniseSpecial = false) =>
        Encode(
            Utf8.IsValid(utf8) ? utf8 : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8)),
            recogniseSpecial ? TemplateRanges.All : TemplateRanges.None,
            output);

    /// <summary>Adds the tokens of a text to the output.</summary>
    /// <returns>The number of tokens added.</returns>
    public int Encode(string text, List<int> output, bool recogniseSpecial = false) =>
        Encode(
            Encoding.UTF8.GetBytes(text), recogniseSpecial ? TemplateRanges.All : TemplateRanges.None, output);

    /// <summary>Adds the tokens of a text that a template wrote in part.</summary>
    internal int Encode(ReadOnlySpan<byte> validUtf8, TemplateRanges template, List<int> output)
    {
        var before = output.Count;
        new TextEncoder(_model, output).Encode(validUtf8, template);
        return output.Count - before;
    }

    /// <summary>The bytes that a token stands for, often no whole character; empty for an id without a token.</summary>
    public ReadOnlySpan<byte> TokenBytes(int id) => _model.Decoded.Bytes(id);

    /// <summary>True for a mark such as begin, end or a role: no text, hidden from people.</summary>
    public bool IsSpecial(int id) => _model.SpecialIds.Contains(id);

    /// <summary>The token's text to look at; a part of a character shows as U+FFFD.</summary>
    public string TokenText(int id) => Encoding.UTF8.GetString(TokenBytes(id));

    /// <summary>The text of these tokens; with or without the special ones.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool showSpecial = false)
    {
        var decoder = new IncrementalDecoder(this, showSpecial);
        var text = new StringBuilder();
        var buffer = new byte[decoder.MaxBytesPerToken];
        foreach (var id in ids)
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, decoder.Decode(id, buffer)));
        }
        return text.Append(Encoding.UTF8.GetString(buffer, 0, decoder.Flush(buffer))).ToString();
    }
}
