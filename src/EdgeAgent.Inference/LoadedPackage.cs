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

    private readonly Tokenizer? _tokenizer;

    private readonly ChatTemplate? _template;

    private readonly TimeProvider _time;

    private LoadedPackage(
        PackageFolder folder, WeightsMap weights, Tokenizer? tokenizer, ChatTemplate? template, TimeProvider time)
    {
        (_folder, Weights, _tokenizer, _template, _time) = (folder, weights, tokenizer, template, time);
    }

    /// <summary>Absolute path of the package's folder.</summary>
    public string Path => _folder.Path;

    public PackageManifest Manifest => _folder.Manifest;

    public bool HasTokenizer => _tokenizer is not null;

    /// <exception cref="PackageException">The package was imported without one.</exception>
    public Tokenizer Tokenizer => _tokenizer ?? throw CannotTalk(PackageManifest.TokenizerFileName, "tokenizer");

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
            var (tokenizer, template) = (ReadTokenizer(folder), ReadTemplate(folder));
            return new LoadedPackage(
                folder, new WeightsMap(weights), tokenizer, template, time ?? TimeProvider.System);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Makes sure that messages can be put to the model.</summary>
    /// <exception cref="PackageException">It has no tokenizer or no chat template.</exception>
    public void MustTalk() => _ = (Tokenizer, Template);

    /// <summary>
    /// The tokens of a conversation, ready for the answer; special tokens that people typed stay text.
    /// </summary>
    /// <exception cref="TemplateException">The template refuses these messages.</exception>
    public int[] EncodePrompt(IEnumerable<(string Role, string Content)> messages)
    {
        var variables = TemplateVariables.Of(messages.Select(m => new TemplateMessage(m.Role, m.Content)))
            .WithMarks(Manifest.Chat?.BeginToken, Manifest.Chat?.EndToken);
        var tokens = new List<int>();
        ChatPrompt.Encode(Tokenizer, Template.Render(variables, _time), tokens);
        return [.. tokens];
    }

    internal byte[] ReadGraph(GraphFile graph) => _folder.ReadVerified(graph.File, GraphScan.MaximumGraphBytes);

    public void Dispose() => Weights.Dispose();

    private ChatTemplate Template =>
        _template ?? throw CannotTalk(PackageManifest.TemplateFileName, "chat template");

    private static Tokenizer? ReadTokenizer(PackageFolder folder)
    {
        const string Name = PackageManifest.TokenizerFileName;
        if (folder.Manifest.Files.All(file => file.Name != Name))
        {
            return null;
        }
        var tokenizer = Tokenizer.Load(folder.ReadVerified(Name, TokenizerLimits.FileBytes));
        return tokenizer.VocabularySize <= folder.Manifest.Architecture.VocabularySize
            ? tokenizer
            : throw new TokenizerException(TokenizerFault.LimitExceeded,
                $"tokenizer.json has token ids up to {tokenizer.VocabularySize - 1}; "
                + $"the model has {folder.Manifest.Architecture.VocabularySize} tokens.");
    }

    private static ChatTemplate? ReadTemplate(PackageFolder folder) => folder.Manifest.Chat is { } chat
        ? ChatTemplate.Parse(
            Encoding.UTF8.GetString(folder.ReadVerified(chat.Template, 4 * TemplateLimits.SourceLength)))
        : null;

    private PackageException CannotTalk(string file, string what) => new(new PackageFault(
        PackageFaultKind.CannotTalk, file, $"{Manifest.FullName} was imported without a {what}, so it cannot take "
        + "text: import it again from a source that has one. `model logits` runs it as it is."));
}
