using EdgeAgent.ModelPackage;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAgent.Inference.Runtime;

/// <summary>The rotary tables of a model, float [context, dimensions / 2] each, made once for all sessions.</summary>
internal sealed class RotaryTables : IDisposable
{
    private readonly List<(string Input, OrtValue Tensor)> _tables = [];

    public RotaryTables(IEnumerable<RotaryTable> tables, int context)
    {
        foreach (var table in tables)
        {
            var (cos, sin) = Compute(table, context);
            long[] shape = [context, table.Dimensions / 2];
            _tables.Add((table.CosInput, OrtValue.CreateTensorValueFromMemory(cos, shape)));
            _tables.Add((table.SinInput, OrtValue.CreateTensorValueFromMemory(sin, shape)));
        }
    }

    /// <summary>Cosines and sines of every position, [context, dimensions / 2] each.</summary>
    internal static (float[] Cos, float[] Sin) Compute(RotaryTable table, int context)
    {
        var half = table.Dimensions / 2;
        var divisors = table.LongBeyond < context ? table.LongFrequencyDivisors : table.FrequencyDivisors;
        var amplitude = (float)(table.Amplitude ?? 1);
        var cos = new float[context * half];
        var sin = new float[context * half];
        for (var i = 0; i < half; i++)
        {
            // In fp32 like the reference implementations, whose rounding the models were trained with.
            var frequency = 1f / MathF.Pow((float)table.Base, 2f * i / table.Dimensions);
            frequency /= (float)(divisors?[i] ?? 1);
            for (var position = 0; position < context; position++)
            {
                var (s, c) = MathF.SinCos(position * frequency);
                (sin[(position * half) + i], cos[(position * half) + i]) = (s * amplitude, c * amplitude);
            }
        }
        return (cos, sin);
    }

    /// <summary>The tables as inputs of a graph that is not of a package; these tables own them.</summary>
    public IEnumerable<GraphInput> Inputs() => _tables.Select(table => GraphInput.Of(table.Input, table.Tensor));

    public void Bind(OrtIoBinding binding)
    {
        foreach (var (input, tensor) in _tables)
        {
            binding.BindInput(input, tensor);
        }
    }

    public void Dispose() => _tables.ForEach(table => table.Tensor.Dispose());
}
