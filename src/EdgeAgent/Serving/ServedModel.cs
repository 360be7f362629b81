using EdgeAgent.Inference;
using EdgeAgent.ModelPackage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAgent.Serving;

/// <summary>The model that this process serves: its checked package and the engine that runs it.</summary>
internal sealed class ServedModel : IDisposable
{
    private ServedModel(LoadedPackage package, InferenceEngine engine, ILogger logger)
    {
        (Package, Engine) = (package, engine);
        Sessions = new LevelSessions(engine, logger);
        Speeds = new StepSpeeds(package.Manifest.Levels);
    }

    public LoadedPackage Package { get; }

    public InferenceEngine Engine { get; }

    public LevelSessions Sessions { get; }

    public StepSpeeds Speeds { get; }

    public PackageManifest Manifest => Package.Manifest;

    public string Name => Manifest.FullName;

    public int HighestLevel => Manifest.Levels.Count - 1;

    /// <summary>Checks the package and opens level 0 so far that it has produced a token.</summary>
    /// <exception cref="PackageException">A fault of the package.</exception>
    /// <exception cref="InferenceException">ONNX Runtime cannot load or run it.</exception>
    /// <exception cref="Inference.Tokenizers.TokenizerException">Its tokenizer cannot be read.</exception>
    public static ServedModel Load(string path, EngineOptions options, ILogger? logger = null)
    {
        var package = LoadedPackage.Open(path);
        try
        {
            package.MustTalk();
            var engine = new InferenceEngine(package, options);
            try
            {
                engine.Open(0);
                return new ServedModel(package, engine, logger ?? NullLogger.Instance);
            }
            catch
            {
                engine.Dispose();
                throw;
            }
        }
        catch
        {
            package.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Engine.Dispose();
        Package.Dispose();
    }
}
