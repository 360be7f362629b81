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
    internal const string DataFile = "model.data";

    private const string TokenizerFile = "tokenizer.json";

    private readonly PackageFolder _folder;

    private LoadedPackage(PackageFolder folder, WeightsMap weights, Tokenizer tokenizer) =>
        (_folder, Weights, Tokenizer) = (folder, weights, tokenizer);

    /// <summary>Absolute path of the package's folder.</summary>
    public string Path => _folder.Path;

    public PackageManifest Manifest => _folder.Manifest;

    public Tokenizer Tokenizer { get; }

    internal WeightsMap Weights { get; }

    /// <summary>Opens and checks a package; a fault in any of its files refuses it as a whole.</summary>
    /// <exception cref="PackageException">The first fault.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be read or does not fit the model.</exception>
    public static LoadedPackage Open(string path)
    {
        var folder = PackageFolder.Open(path);
        var weights = folder.OpenVerified(DataFile);
        try
        {
            if (folder.Verify(checkedAlready: DataFile) is [var fault, ..])
            {
                throw new PackageException(fault);
            }
            var tokenizer = Tokenizer.Load(folder.ReadVerified(TokenizerFile, TokenizerLimits.FileBytes));
            return tokenizer.VocabularySize <= folder.Manifest.Architecture.VocabularySize
                ? new LoadedPackage(folder, new WeightsMap(weights), tokenizer)
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
    public int[] EncodePrompt(IEnumerable<(string Role, string Content)> messages)
    {
        var tokens = new List<int>();
        ChatPrompt.Encode(Tokenizer, ChatMl.Render(messages), tokens);
        return [.. tokens];
    }

    internal byte[] ReadGraph(GraphFile graph) => _folder.ReadVerified(graph.File, GraphScan.MaximumGraphBytes);

    public void Dispose() => Weights.Dispose();
}
