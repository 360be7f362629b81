using System.Numerics.Tensors;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.Inference;

/// <summary>
/// A decoder written down as its formulas: whole sequences, no cache, each token with its own FFN channels.
/// </summary>
/// <remarks>
/// After karpathy/llama2.c `forward`, shared/nano/reference.py `mixed`, and the model classes of
/// huggingface/transformers for what Llama lacks; knows nothing of ONNX.
/// </remarks>
internal sealed class PlainModel
{
    private readonly DecoderConfig _config;
    private readonly Dictionary<string, float[]> _weights;

    public PlainModel(string folder)
    {
        _config = new HuggingFaceFolder(folder).ReadConfig();
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        _weights = file.Entries.ToDictionary(entry => entry.Name, entry => file.Read(entry.Name, entry.Shape));
    }

    /// <summary>Logits after each token, [T][V].</summary>
    /// <param name="channels">[T][layers]: FFN channels that each token computes.</param>
    public float[][] Logits(int[] tokens, IReadOnlyList<int>[] channels)
    {
        var embedding = _weights["model.embed_tokens.weight"];
        var hidden = tokens.Select(token => Row(embedding, token, _config.HiddenSize).ToArray()
            .Select(value => value * _config.EmbeddingScale).ToArray()).ToArray();
        for (var layer = 0; layer < _config.Layers; layer++)
        {
            Attend(layer, hidden);
            for (var t = 0; t < tokens.Length; t++)
            {
                FeedForward(layer, hidden[t], channels[t][layer]);
            }
        }
        var head = _config.TiedEmbedding ? embedding : _weights["lm_head.weight"];
        return hidden.Select(x => Multiply(head, Norm(x, "model.norm.weight"), _config.VocabularySize)).ToArray();
    }

    private void Attend(int layer, float[][] hidden)
    {
        var name = $"model.layers.{layer}";
        int size = _config.HeadDimensions, shared = _config.Heads / _config.KvHeads;
        var (rotary, window) = _config.Attention[layer];
        var scale = _config.AttentionScale == 0 ? 1 / MathF.Sqrt(size) : _config.AttentionScale;
        var normal = hidden.Select(x => Norm(x, $"{name}.input_layernorm.weight")).ToArray();
        var (queries, keys, values) = (Project("q", 0, _config.Heads), Project("k", _config.Heads, _config.KvHeads),
            Project("v", _config.Heads + _config.KvHeads, _config.KvHeads));
        for (var t = 0; t < hidden.Length; t++)
        {
            Prepare(queries[t], $"{name}.self_attn.q_norm.weight", rotary, t);
            Prepare(keys[t], $"{name}.self_attn.k_norm.weight", rotary, t);
        }
        for (var t = 0; t < hidden.Length; t++)
        {
            var first = window == 0 ? 0 : Math.Max(0, t - window + 1);
            var mixed = new float[_config.Heads * size];
            for (var head = 0; head < _config.Heads; head++)
            {
                var from = head / shared * size;
                var scores = new float[t + 1 - first];
                for (var s = first; s <= t; s++)
                {
                    scores[s - first] = scale * TensorPrimitives.Dot<float>(
                        queries[t].AsSpan(head * size, size), keys[s].AsSpan(from, size));
                }
                TensorPrimitives.SoftMax<float>(scores, scores);
                for (var i = 0; i < size; i++)
                {
                    mixed[(head * size) + i] = scores.Select((score, s) => score * values[first + s][from + i]).Sum();
                }
            }
            var output = Multiply(_weights[$"{name}.self_attn.o_proj.weight"], mixed, _config.HiddenSize);
            AddBias(output, $"{name}.self_attn.o_proj.bias");
            Add(hidden[t], _config.NormsAfter ? Norm(output, $"{name}.post_attention_layernorm.weight") : output);
        }

        float[][] Project(string part, int headsBefore, int heads) => normal.Select(x =>
        {
            var whole = $"{name}.self_attn.qkv_proj.weight";
            var matrix = _config.FusedProjections
                ? _weights[whole].AsSpan(headsBefore * size * x.Length, heads * size * x.Length).ToArray()
                : _weights[$"{name}.self_attn.{part}_proj.weight"];
            var projected = Multiply(matrix, x, heads * size);
            AddBias(projected, $"{name}.self_attn.{part}_proj.bias");
            return projected;
        }).ToArray();
    }

    /// <summary>Norm and rotary positions of every head.</summary>
    private void Prepare(float[] heads, string gain, int? rotary, int position)
    {
        for (var start = 0; start < heads.Length; start += _config.HeadDimensions)
        {
            var head = heads.AsSpan(start, _config.HeadDimensions);
            if (_config.QueryKeyNorm)
            {
                Norm(head.ToArray(), gain).CopyTo(head);
            }
            if (rotary is { } table)
            {
                Rotate(head, _config.Rotary[table], position);
            }
        }
    }

    private void FeedForward(int layer, float[] hidden, int channels)
    {
        var name = $"model.layers.{layer}";
        var normal = Norm(hidden,
            $"{name}.{(_config.NormsAfter ? "pre_feedforward_layernorm" : "post_attention_layernorm")}.weight");
        var both = _weights.GetValueOrDefault($"{name}.mlp.gate_up_proj.weight");
        var gate = Multiply(both ?? _weights[$"{name}.mlp.gate_proj.weight"], normal, channels);
        var up = Multiply(both?[(both.Length / 2)..] ?? _weights[$"{name}.mlp.up_proj.weight"], normal, channels);
        var active = new float[_config.IntermediateSize];
        for (var i = 0; i < channels; i++)
        {
            active[i] = Activate(gate[i]) * up[i];
        }
        var output = Multiply(_weights[$"{name}.mlp.down_proj.weight"], active, _config.HiddenSize);
        Add(hidden, _config.NormsAfter ? Norm(output, $"{name}.post_feedforward_layernorm.weight") : output);
    }

    /// <summary>SiLU, or GELU by tanh (Hendrycks and Gimpel 2016).</summary>
    private float Activate(float x) => _config.Activation == Activation.Silu
        ? x / (1 + MathF.Exp(-x))
        : 0.5f * x * (1 + MathF.Tanh(MathF.Sqrt(2 / MathF.PI) * (x + (0.044715f * x * x * x))));

    /// <summary>Rotates the halves (x, y) of the first dimensions by position · base^(−2i/size) / divisor.</summary>
    private void Rotate(Span<float> head, RotaryTable table, int position)
    {
        var half = table.Dimensions / 2;
        var divisors = table.LongBeyond < _config.Context ? table.LongFrequencyDivisors : table.FrequencyDivisors;
        for (var i = 0; i < half; i++)
        {
            var frequency = Math.Pow(table.Base, -2.0 * i / table.Dimensions) / (divisors?[i] ?? 1);
            var (sin, cos) = Math.SinCos(position * frequency);
            var (x, y) = (head[i], head[half + i]);
            var amplitude = table.Amplitude ?? 1;
            head[i] = (float)(((x * cos) - (y * sin)) * amplitude);
            head[half + i] = (float)(((y * cos) + (x * sin)) * amplitude);
        }
    }

    private void AddBias(float[] sum, string name)
    {
        if (_weights.TryGetValue(name, out var bias))
        {
            Add(sum, bias);
        }
    }

    private float[] Norm(float[] values, string gain)
    {
        var scale = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(values) / values.Length)
            + _config.NormEpsilon);
        var normal = new float[values.Length];
        TensorPrimitives.Multiply(values, scale, normal);
        var gains = _weights[gain].Select(value => value + _config.NormGainOffset).ToArray();
        TensorPrimitives.Multiply<float>(normal, gains, normal);
        return normal;
    }

    /// <summary>The first rows of a matrix [outputs, inputs] times a vector.</summary>
    private static float[] Multiply(float[] matrix, float[] vector, int rows)
    {
        var product = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            product[row] = TensorPrimitives.Dot<float>(Row(matrix, row, vector.Length), vector);
        }
        return product;
    }

    private static ReadOnlySpan<float> Row(float[] matrix, int row, int columns) =>
        matrix.AsSpan(row * columns, columns);

    private static void Add(float[] sum, float[] part) => TensorPrimitives.Add<float>(sum, part, sum);
}
