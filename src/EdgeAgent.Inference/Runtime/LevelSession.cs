using EdgeAgent.Inference.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>One pruning level: its ONNX Runtime session and the bindings of the steps that it has run.</summary>
internal sealed class LevelSession : IDisposable
{
    private readonly string _file;
    private readonly InferenceSession _session;
    private readonly SharedTensors _shared;
    private readonly RunOptions _run = new();

    /// <summary>Everything bound, by first sequence and count, kept because binding by name allocates.</summary>
    private readonly BoundStep?[,] _decodes;

    /// <summary>One for each row: only the tensors whose shape follows the number of tokens are bound anew.</summary>
    private readonly OrtIoBinding?[] _extends;

    private LevelSession(string file, InferenceSession session, SharedTensors shared)
    {
        (_file, _session, _shared) = (file, session, shared);
        _decodes = new BoundStep?[shared.Cache.ScratchRow, shared.Cache.ScratchRow + 1];
        _extends = new OrtIoBinding?[shared.Cache.ScratchRow + 1];
    }

    /// <param name="graph">Checked by <see cref="GraphScan"/>.</param>
    /// <param name="weights">What sessions share; null: ONNX Runtime reads its own copy of the data file for this
    /// session, which only a measurement wants.</param>
    /// <exception cref="InferenceException">ONNX Runtime cannot load the graph.</exception>
    public static LevelSession Open(
        string file, byte[] graph, SharedTensors shared, SessionOptions options, SharedWeights? weights)
    {
        try
        {
            var session = weights is null
                ? new InferenceSession(graph, options)
                : new InferenceSession(graph, options, weights.Packed);
            return new LevelSession(file, session, shared);
        }
        catch (OnnxRuntimeException error)
        {
            throw RuntimeFailure.Of(error, file);
        }
    }

    /// <summary>One token for each of so many sequences. Allocates nothing once these have run.</summary>
    /// <exception cref="InferenceException">The graph does not fit its manifest, or a kernel failed.</exception>
    public void Decode(int first, int sequences)
    {
        try
        {
            _session.RunWithBinding(_run, (_decodes[first, sequences] ??= BindDecode(first, sequences)).Binding);
        }
        catch (OnnxRuntimeException error)
        {
            throw RuntimeFailure.Of(error, _file);
        }
    }

    /// <summary>Several tokens of the sequence in one row; logits for so many rows.</summary>
    /// <exception cref="InferenceException">The graph does not fit its manifest, or a kernel failed.</exception>
    public void Extend(int row, int tokens, int rows)
    {
        try
        {
            var binding = _extends[row] ??= BindFixed(_shared.Cache.Rows(row, 1));
            using var step = new BoundStep(binding, _shared.Buffers, sequences: 1, tokens, rows, ownsBinding: false);
            _session.RunWithBinding(_run, binding);
        }
        catch (OnnxRuntimeException error)
        {
            throw RuntimeFailure.Of(error, _file);
        }
    }

    /// <summary>
    /// Where the bound `present.N` of a decode of the first sequences lie once it has run; for checks.
    /// </summary>
    public IReadOnlyDictionary<string, nint> PresentAddresses(int sequences)
    {
        var binding = _decodes[0, sequences]!.Binding;
        using var values = binding.GetOutputValues();
        return binding.GetOutputNames().Zip(values)
            .Where(pair => pair.First.StartsWith("present.", StringComparison.Ordinal))
            .ToDictionary(pair => pair.First, pair => AddressOf(pair.Second));
    }

    public void Dispose()
    {
        foreach (var step in _decodes)
        {
            step?.Dispose();
        }
        foreach (var binding in _extends)
        {
            binding?.Dispose();
        }
        _run.Dispose();
        _session.Dispose();
    }

    private static unsafe nint AddressOf(OrtValue value)
    {
        fixed (byte* address = value.GetTensorMutableRawData())
        {
            return (nint)address;
        }
    }

    private BoundStep BindDecode(int first, int sequences) => new(
        BindFixed(_shared.Cache.Rows(first, sequences)), _shared.Buffers, sequences, tokens: 1, rows: sequences,
        ownsBinding: true);

    /// <summary>A binding of what does not depend on the number of tokens.</summary>
    private OrtIoBinding BindFixed(OrtValue[] cache)
    {
        var binding = _session.CreateIoBinding();
        binding.BindInput("total_sequence_length", _shared.Buffers.TotalLengthTensor);
        binding.BindInput("head_ids", _shared.Buffers.NoHeadIds);
        _shared.Rotary.Bind(binding);
        for (var part = 0; part < cache.Length; part++)
        {
            binding.BindInput($"past.{_shared.Cache.Names[part]}", cache[part]);
            binding.BindOutput($"present.{_shared.Cache.Names[part]}", cache[part]);
        }
        return binding;
    }
}

/// <summary>What all levels of a model share.</summary>
internal sealed record SharedTensors(StepBuffers Buffers, RotaryTables Rotary, KvCache Cache);

/// <summary>A binding with the tensors whose shapes belong to one kind of step.</summary>
internal sealed class BoundStep : IDisposable
{
    private readonly OrtValue[] _tensors;
    private readonly bool _ownsBinding;

    public BoundStep(
        OrtIoBinding binding, StepBuffers buffers, int sequences, int tokens, int rows, bool ownsBinding)
    {
        (Binding, _ownsBinding) = (binding, ownsBinding);
        var (ids, seqlens, chosen) =
            (buffers.InputIdsTensor(sequences, tokens), buffers.SeqlensTensor(sequences), buffers.RowsTensor(rows));
        var (hidden, logits) = (buffers.HiddenTensor(rows), buffers.LogitsTensor(rows));
        _tensors = [ids, seqlens, chosen, hidden, logits];
        binding.BindInput("input_ids", ids);
        binding.BindInput("seqlens_k", seqlens);
        binding.BindInput("rows", chosen);
        binding.BindOutput("hidden", hidden);
        binding.BindOutput("logits", logits);
    }

    public OrtIoBinding Binding { get; }

    public void Dispose()
    {
        if (_ownsBinding)
        {
            Binding.Dispose();
        }
        foreach (var tensor in _tensors)
        {
            tensor.Dispose();
        }
    }
}
