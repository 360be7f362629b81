using System.Text;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>The tokenizer and the chat template of a source, known to be what the agent can use.</summary>
internal sealed record SourceTexts(byte[]? Tokenizer, SourceChat? Chat)
{
    private const string TokenizerFile = PackageManifest.TokenizerFileName;

    /// <summary>Reads both and tries them, before the long work begins.</summary>
    /// <exception cref="ModelToolsException">One of them is missing, wrong, or does not fit the model.</exception>
    public static SourceTexts Read(IModelSource source, DecoderConfig model)
    {
        var texts = new SourceTexts(source.ReadTokenizer(), source.ReadChatFormat());
        try
        {
            if (texts.Tokenizer is not null && Inference.Tokenizers.Tokenizer.Load(texts.Tokenizer) is var tokenizer
                && tokenizer.VocabularySize > model.VocabularySize)
            {
                throw Invalid($"{TokenizerFile}: model.vocab and added_tokens have ids up to "
                    + $"{tokenizer.VocabularySize - 1}; the model has {model.VocabularySize} tokens (vocab_size).");
            }
            if (texts.Chat is not null)
            {
                TemplateTrial.Run(texts.Chat);
            }
        }
        catch (TokenizerException error)
        {
            // Most of its messages begin with the field.
            throw Invalid(error.Message.StartsWith(TokenizerFile, StringComparison.Ordinal)
                ? error.Message : $"{TokenizerFile}: {error.Message}");
        }
        catch (TemplateException error)
        {
            throw Invalid($"{texts.Chat!.Origin}: {error.Message}");
        }
        return texts;
    }

    /// <summary>The template as it is stored.</summary>
    public byte[] TemplateBytes => Encoding.UTF8.GetBytes(Chat?.Template ?? "");

    private static ModelToolsException Invalid(string message) => new(ModelToolsFault.SourceInvalid, message);
}
