using System.Text;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>The tokenizer and the chat template of a source, known to be what the agent can use.</summary>
internal sealed record SourceTexts(byte[]? Tokenizer, SourceChat? Chat)
{
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
                throw Invalid($"{PackageManifest.TokenizerFileName} has token ids up to "
                    + $"{tokenizer.VocabularySize - 1}; the model has {model.VocabularySize} tokens.");
            }
            if (texts.Chat is not null)
            {
                ChatTemplate.Parse(texts.Chat.Template);
            }
        }
        catch (TokenizerException error)
        {
            throw Invalid(error.Message);
        }
        catch (TemplateException error)
        {
            throw Invalid($"chat template: {error.Message}");
        }
        return texts;
    }

    /// <summary>The template as it is stored.</summary>
    public byte[] TemplateBytes => Encoding.UTF8.GetBytes(Chat?.Template ?? "");

    private static ModelToolsException Invalid(string message) => new(ModelToolsFault.SourceInvalid, message);
}
