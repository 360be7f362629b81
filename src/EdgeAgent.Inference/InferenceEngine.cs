using EdgeAgent.Inference.Graphs;
using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelPackage;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference;

/// <summary>Runs one model a step at a time, each step at the pruning level that the caller names.</summary>
/// <remarks>
/// Two kinds of step: <see cref="Decode"/> takes one token of each of some neighbours, <see cref="Extend"/> takes
/// several tokens of one sequence. Sequence n is row n of the one KV cache, whatever the level. One thread at a time,
/// but for <see cref="Prepare"/>.
/// </remarks>
public sealed class InferenceEngine : IDisposable
{
    private readonly EngineOptions _options;
    private readonly LoadedPackage _package;
    private readonly StepBuffers _buffers;
    private readonly RotaryTables _rotary;
    private readonly KvCache _cache;
    private readonly LevelSession?[] _levels;

    /// <summary>Sessions that were made and not warmed up yet.</summary>
    private readonly LevelSession?[] _prepared;

    /// <summary>Held while sessions are made or ended, never by a step of an open level.</summary>
    private readonly Lock _opening = new();

    /// <summary>From the first session on.</summary>
    private SharedWeights? _weights;

    /// <summary>Sessions that were closed and hold their memory still.</summary>
    private Task _closing = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>Loads nothing yet: a level is opened by <see cref="Open"/> or by its first step.</summary>
    /// <exception cref="InferenceException">ONNX Runtime cannot be loaded.</exception>
    public InferenceEngine(LoadedPackage package, EngineOptions options)
    {
        // First of all: nothing of the binding may be touched before it is told which library to load.
        OrtRuntime.Start(options.Threads);
        (_package, _options) = (package, options);
        var manifest = package.Manifest;
        Context = options.Context == 0 ? manifest.Context : Math.Min(options.Context, manifest.Context);
        var rows = Math.Max(options.Sequences, options.LogitRows);
        _buffers = new StepBuffers(
            options.ChunkTokens, rows, manifest.Architecture.HiddenSize, manifest.Architecture.VocabularySize);
        _rotary = new RotaryTables(manifest.Architecture.Rotary, Context);
        _cache = new KvCache(manifest.Kv, Context, options.Sequences);
        _levels = new LevelSession?[manifest.Levels.Count];
        _prepared = new LevelSession?[manifest.Levels.Count];
    }

    /// <summary>The longest sequence, in tokens.</summary>
    public int Context { get; }

    /// <summary>Sequences that can run at once.</summary>
    public int Sequences => _options.Sequences;

    /// <summary>The most tokens of one <see cref="Extend"/>.</summary>
    public int ChunkTokens => _options.ChunkTokens;

    /// <summary>The most rows of logits of one <see cref="Extend"/>.</summary>
    public int LogitRows => _buffers.MaximumRows;

    public int LevelCount => _levels.Length;

    public int VocabularySize => _buffers.VocabularySize;

    /// <summary>What runs a level: the execution provider, and why a preferred one does not.</summary>
    public string DescribeProvider(int level) => Choose(level).ToString();

    public bool IsOpen(int level) => _levels[level] is not null;

    /// <summary>Whether <see cref="Open"/> only has to warm the level up.</summary>
    public bool IsPrepared(int level) => Volatile.Read(ref _prepared[level]) is not null;

    /// <summary>Makes the session of a level on any thread, while steps of other levels run.</summary>
    /// <exception cref="InferenceException">The graph is refused, or ONNX Runtime cannot load it.</exception>
    /// <exception cref="ObjectDisposedException">The engine has ended meanwhile.</exception>
    public void Prepare(int level)
    {
        lock (_opening)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_levels[level] is null && _prepared[level] is null)
            {
                Volatile.Write(ref _prepared[level], OpenSession(level));
            }
        }
    }

    /// <summary>
    /// Opens a level and runs one token through it, so that its next step costs what every step costs.
    /// </summary>
    /// <exception cref="InferenceException">The graph is refused, or ONNX Runtime cannot load or run it.</exception>
    public void Open(int level)
    {
        if (_levels[level] is not null)
        {
            return;
        }
        OpenedLevel(level);
        try
        {
            Span<int> warmUp = [0];
            Extend(_cache.ScratchRow, warmUp, past: 0, level);
        }
        catch
        {
            _ = Close(level);
            throw;
        }
    }

    /// <summary>The session of an opened level, or null; for checks.</summary>
    internal LevelSession? Session(int level) => _levels[level];

    /// <summary>The KV cache that every level is bound to; for checks.</summary>
    internal KvCache Cache => _cache;

    /// <summary>Closes a level; another thread gives back what no other level has.</summary>
    /// <returns>Ends when that is done; nobody need wait for it.</returns>
    public Task Close(int level)
    {
        lock (_opening)
        {
            LevelSession?[] closed = [_levels[level], _prepared[level]];
            _levels[level] = _prepared[level] = null;
            // A large level takes longer than a token.
            return _closing = Task.WhenAll(_closing, Task.Run(() => GiveBack(closed)));
        }
    }

    /// <summary>One token for each of B neighbouring sequences.</summary>
    /// <param name="tokens">[B]</param>
    /// <param name="pasts">[B]: tokens that each sequence holds already.</param>
    /// <param name="first">The first of the sequences.</param>
    /// <remarks>
    /// Leaves B rows of logits. Allocates nothing after the first step of this level with these sequences.
    /// </remarks>
    public unsafe void Decode(ReadOnlySpan<int> tokens, ReadOnlySpan<int> pasts, int level, int first = 0)
    {
        var longest = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            CheckContext(pasts[i] + 1);
            _buffers.InputIds[i] = tokens[i];
            _buffers.SeqlensK[i] = pasts[i];
            _buffers.Rows[i] = i;
            longest = Math.Max(longest, pasts[i] + 1);
        }
        *_buffers.TotalLength = longest;
        OpenedLevel(level).Decode(first, tokens.Length);
    }

    /// <summary>Several tokens of one sequence: a chunk of a prompt, or drafts to verify.</summary>
    /// <param name="past">Tokens that the sequence holds already.</param>
    /// <param name="logitRows">Leaves logits of the last so many tokens.</param>
    public unsafe void Extend(int sequence, ReadOnlySpan<int> tokens, int past, int level, int logitRows = 1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens.Length, ChunkTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(logitRows, LogitRows);
        CheckContext(past + tokens.Length);
        for (var i = 0; i < tokens.Length; i++)
        {
            _buffers.InputIds[i] = tokens[i];
        }
        for (var i = 0; i < logitRows; i++)
        {
            _buffers.Rows[i] = tokens.Length - logitRows + i;
        }
        *_buffers.SeqlensK = past + tokens.Length - 1;
        *_buffers.TotalLength = past + tokens.Length;
        OpenedLevel(level).Extend(sequence, tokens.Length, logitRows);
    }

    /// <summary>A whole prompt, in chunks as long as they may be; leaves the logits of its last token.</summary>
    public void Prefill(int sequence, ReadOnlySpan<int> prompt, int level)
    {
        for (var past = 0; past < prompt.Length; past += ChunkTokens)
        {
            Extend(sequence, prompt.Slice(past, Math.Min(ChunkTokens, prompt.Length - past)), past, level);
        }
    }

    /// <summary>One row of logits of the last step, [V]; the caller may change it, the next step does.</summary>
    public unsafe Span<float> Logits(int row) =>
        new(_buffers.Logits + ((long)row * _buffers.VocabularySize), _buffers.VocabularySize);

    /// <summary>Moves a sequence to the row of one that has ended.</summary>
    public void Move(int from, int to, int length) => _cache.Move(from, to, length);

    /// <summary>Forgets every sequence and gives the memory of the KV cache back.</summary>
    public void Clear() => _cache.Clear();

    public void Dispose()
    {
        lock (_opening)
        {
            _isDisposed = true;
            foreach (var session in _levels.Concat(_prepared))
            {
                session?.Dispose();
            }
        }
        _closing.Wait();
        _weights?.Dispose();
        _cache.Dispose();
        _rotary.Dispose();
        _buffers.Dispose();
    }

    private static void GiveBack(LevelSession?[] closed)
    {
        Array.ForEach(closed, session => session?.Dispose());
        NativeHeap.Trim();
    }

    private LevelSession OpenedLevel(int level)
    {
        if (_levels[level] is { } open)
        {
            return open;
        }
        lock (_opening)
        {
            // The inputs of the step that waits are in the buffers already; a warm-up would overwrite them.
            _levels[level] = _prepared[level] ?? OpenSession(level);
            _prepared[level] = null;
            return _levels[level]!;
        }
    }

    private LevelSession OpenSession(int level)
    {
        var choice = Choose(level);
        var (graph, tensors) = ReadGraph(choice.Graph);
        using var options = SessionSettings.Create(_options, choice, _package.Path);
        if (_options.ShareWeights)
        {
            _weights ??= new SharedWeights(_package.Weights, [.. Enumerable.Range(0, LevelCount).Select(Tensors)]);
            _weights.AddTo(options, tensors);
        }
        var session = LevelSession.Open(
            choice.Graph.File, graph, new SharedTensors(_buffers, _rotary, _cache), options, _weights);
        _package.Weights.GiveBack();
        return session;
    }

    private (byte[] Graph, IReadOnlyList<ExternalTensor> Tensors) ReadGraph(GraphFile file)
    {
        var graph = _package.ReadGraph(file);
        return (graph, GraphScan.Read(file.File, graph, LoadedPackage.DataFile, _package.Weights.LengthBytes));
    }

    /// <summary>What a level takes from the data file; nothing where it cannot be opened, as opening it says.</summary>
    private IReadOnlyList<ExternalTensor> Tensors(int level)
    {
        try
        {
            return ReadGraph(Choose(level).Graph).Tensors;
        }
        catch (Exception error) when (error is InferenceException or PackageException)
        {
            return [];
        }
    }

    private ProviderChoice Choose(int level) => ProviderChoice.Of(
        _package.Manifest.Graphs, level, _options.Providers, OrtEnv.Instance().GetAvailableProviders());

    private void CheckContext(int length)
    {
        if (length > Context)
        {
            throw new InferenceException(InferenceFault.ContextExceeded,
                $"{length} tokens do not fit into the context of {Context} tokens.");
        }
    }
}
