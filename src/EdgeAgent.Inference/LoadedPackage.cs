using System.Text;
using EdgeAgent.Inference.Graphs;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;

namespace EdgeAgent.Inference;

/// <summary>
/// A model package whose every file was checked against its hash, with its weights mapped into memory.
/// </summary>
public sealed class LoadedPackage : IDisposable
{
    internal const string DataFile = PackageManifest.WeightsFileName;

    private readonly PackageFolder _folder;

    private readonly ChatTemplate _template;

    private readonly TimeProvider _time;

    private LoadedPackage(
        PackageFolder folder, WeightsMap weights, Tokenizer tokenizer, ChatTemplate template, TimeProvider time)
    {
        (_folder, Weights, Tokenizer, _template, _time) = (folder, weights, tokenizer, template, time);
    }

    /// <summary>Absolute path of the package's folder.</summary>
    public string Path => _folder.Path;

    public PackageManifest Manifest => _folder.Manifest;

    public Tokenizer Tokenizer { get; }

    internal WeightsMap Weights { get; }

    /// <summary>Opens and checks a package; a fault in any of its files refuses it as a whole.</summary>
    /// <param name="time">Clock for templates that write the date; the system's without one.</param>
    /// <exception cref="PackageException">The first fault.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be read or does not fit the model.</exception>
    /// <exception cref="TemplateException">The chat template cannot be read.</exception>
    public static LoadedPackage Open(string path, TimeProvider? time = null)
    {
        var folder = PackageFolder.Open(path);
        var weights = folder.OpenVerified(DataFile);
        try
        {
            if (folder.Verify(checkedAlready: DataFile) is [var fault, ..])
            {
                throw new PackageException(fault);
            }
            var tokenizer = Tokenizer.Load(
                folder.ReadVerified(PackageManifest.TokenizerFileName, TokenizerLimits.FileBytes));
            var template = Encoding.UTF8.GetString(
                folder.ReadVerified(folder.Manifest.Chat.Template, 4 * TemplateLimits.SourceLength));
            return tokenizer.VocabularySize <= folder.Manifest.Architecture.VocabularySize
                ? new LoadedPackage(
                    folder, new WeightsMap(weights), tokenizer, ChatTemplate.Parse(template),
                    time ?? TimeProvider.System)
                : throw new TokenizerException(TokenizerFault.LimitExceeded,
                    $"tokenizer.json has token ids up to {tokenizer.VocabularySize - 1}; "
                    + $"the model has {folder.Manifest.Architecture.VocabularySize} tokens.");
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The tokens of a conversation, ready for the answer; special tokens that people typed stay text.
    /// </summary>
    /// <exception cref="TemplateException">The template refuses these messages.</exception>
    public int[] EncodePrompt(IEnumerable<(string Role, string Content)> messages)
    {
        var variables = TemplateVariables.Of(messages.Select(m => new TemplateMessage(m.Role, m.Content)));
        if (Manifest.Chat.BeginToken is { } begin)
        {
            variables.With("bos_token", begin);
        }
        if (Manifest.Chat.EndToken is { } end)
        {
            variables.With("eos_token", end);
        }
        var tokens = new List<int>();
        ChatPrompt.Encode(Tokenizer, _template.Render(variables, _time), tokens);
        return [.. tokens];
    }

    internal byte[] ReadGraph(GraphFile graph) => _folder.ReadVerified(graph.File, GraphScan.MaximumGraphBytes);

    public void Dispose() => Weights.Dispose();
}
