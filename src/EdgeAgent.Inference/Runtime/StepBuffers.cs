using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAgent.Inference.Runtime;

/// <summary>The inputs and outputs of a step, allocated once; every session binds these very buffers.</summary>
internal sealed unsafe class StepBuffers : IDisposable
{
    private readonly ReservedMemory _memory;
    private readonly List<OrtValue> _owned = [];
    private long _used;

    /// <param name="tokens">The longest extend.</param>
    /// <param name="rows">Rows of the KV cache, and the most rows of logits in one step.</param>
    public StepBuffers(int tokens, int rows, int hiddenSize, int vocabularySize)
    {
        (MaximumTokens, MaximumRows, HiddenSize, VocabularySize) = (tokens, rows, hiddenSize, vocabularySize);
        var size = Padded((long)Math.Max(tokens, rows) * sizeof(long)) + Padded(rows * sizeof(long))
            + Padded(rows * sizeof(int)) + Padded(sizeof(int)) + Padded(sizeof(long))
            + Padded((long)rows * hiddenSize * sizeof(float)) + Padded((long)rows * vocabularySize * sizeof(float));
        _memory = ReservedMemory.Reserve(size);
        InputIds = (long*)Take((long)Math.Max(tokens, rows) * sizeof(long));
        Rows = (long*)Take(rows * sizeof(long));
        SeqlensK = (int*)Take(rows * sizeof(int));
        TotalLength = (int*)Take(sizeof(int));
        HeadIds = (long*)Take(sizeof(long));
        Hidden = (float*)Take((long)rows * hiddenSize * sizeof(float));
        Logits = (float*)Take((long)rows * vocabularySize * sizeof(float));
        TotalLengthTensor = Own(Tensor(TotalLength, TensorElementType.Int32, sizeof(int), 1));
        NoHeadIds = Own(Tensor(HeadIds, TensorElementType.Int64, sizeof(long), 0));
    }

    public int MaximumTokens { get; }

    public int MaximumRows { get; }

    public int HiddenSize { get; }

    public int VocabularySize { get; }

    /// <summary>[B · T]</summary>
    public long* InputIds { get; }

    /// <summary>[R]: rows of the flattened [B · T] that go on to the head.</summary>
    public long* Rows { get; }

    /// <summary>[B]: length of each sequence with this step, minus one.</summary>
    public int* SeqlensK { get; }

    public int* TotalLength { get; }

    public long* HeadIds { get; }

    /// <summary>[R, D]</summary>
    public float* Hidden { get; }

    /// <summary>[R, V]</summary>
    public float* Logits { get; }

    public OrtValue TotalLengthTensor { get; }

    public OrtValue NoHeadIds { get; }

    public OrtValue InputIdsTensor(int sequences, int tokens) =>
        Tensor(InputIds, TensorElementType.Int64, sizeof(long), sequences, tokens);

    public OrtValue RowsTensor(int rows) => Tensor(Rows, TensorElementType.Int64, sizeof(long), rows);

    public OrtValue SeqlensTensor(int sequences) => Tensor(SeqlensK, TensorElementType.Int32, sizeof(int), sequences);

    public OrtValue HiddenTensor(int rows) => Tensor(Hidden, TensorElementType.Float, sizeof(float), rows, HiddenSize);

    public OrtValue LogitsTensor(int rows) =>
        Tensor(Logits, TensorElementType.Float, sizeof(float), rows, VocabularySize);

    public void Dispose()
    {
        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
        _memory.Dispose();
    }

    private OrtValue Own(OrtValue tensor)
    {
        _owned.Add(tensor);
        return tensor;
    }

    private static OrtValue Tensor(void* buffer, TensorElementType type, int elementBytes, params long[] shape)
    {
        var elements = shape.Aggregate(1L, (a, b) => a * b);
        return OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, type, shape, (IntPtr)buffer, elements * elementBytes);
    }

    private void* Take(long bytes)
    {
        var place = _memory.Address + (nint)_used;
        _used += Padded(bytes);
        return (void*)place;
    }

    private static long Padded(long bytes) => (bytes + 63) / 64 * 64;
}
