using EdgeAgent.Inference;
using EdgeAgent.ModelTools.Packaging;

namespace EdgeAgent.Tests.Inference;

/// <summary>Tests that run the engine: never beside others, because a process has one ONNX Runtime pool.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneEngineAtATime : ICollectionFixture<NanoPackages>
{
    public const string Name = "engine";
}

/// <summary>Nano as the agent ships it and as an fp32 package, each loaded once for all tests.</summary>
public sealed class NanoPackages : IDisposable
{
    /// <summary>The package in the repository.</summary>
    internal static readonly string Embedded = Path.Combine(Repository.Root, "models-lite", "nano");

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<RunningModel> _int4;
    private RunningModel? _fp32;

    public NanoPackages() => _int4 = new(() => RunningModel.Load(Embedded));

    internal RunningModel Int4 => _int4.Value;

    /// <summary>`--quant none`, imported now; skips the test where the source is absent.</summary>
    internal RunningModel Fp32
    {
        get
        {
            if (_fp32 is null)
            {
                var source = Repository.SharedPath("nano/model.safetensors");
                var output = _folder.File("nano-fp32");
                ModelImport.Run(new ImportOptions
                {
                    Source = Path.GetDirectoryName(source)!,
                    Output = output,
                    Quantization = QuantizationMethod.None,
                });
                _fp32 = RunningModel.Load(output);
            }
            return _fp32;
        }
    }

    internal RunningModel Of(string quantization) => quantization == "none" ? Fp32 : Int4;

    public void Dispose()
    {
        if (_int4.IsValueCreated)
        {
            _int4.Value.Dispose();
        }
        _fp32?.Dispose();
        _folder.Dispose();
    }
}
