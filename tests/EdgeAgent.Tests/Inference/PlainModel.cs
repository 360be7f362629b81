using System.Numerics.Tensors;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.Tests.Inference;

/// <summary>
/// Nano written down as its formulas: whole sequences, no cache, each token with its own FFN channels.
/// </summary>
/// <remarks>After karpathy/llama2.c `forward` and shared/nano/reference.py `mixed`; knows nothing of ONNX.</remarks>
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
        var hidden = tokens.Select(token => Row(embedding, token, _config.HiddenSize).ToArray()).ToArray();
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
        var normal = hidden.Select(x => Norm(x, $"{name}.input_layernorm.weight")).ToArray();
        var (queries, keys, values) =
            (Project("q", _config.Heads), Project("k", _config.KvHeads), Project("v", _config.KvHeads));
        for (var t = 0; t < hidden.Length; t++)
        {
            Rotate(queries[t], t);
            Rotate(keys[t], t);
        }
        for (var t = 0; t < hidden.Length; t++)
        {
            var mixed = new float[_config.Heads * size];
            for (var head = 0; head < _config.Heads; head++)
            {
                var from = head / shared * size;
                var scores = new float[t + 1];
                for (var s = 0; s <= t; s++)
                {
                    scores[s] = TensorPrimitives.Dot<float>(
                        queries[t].AsSpan(head * size, size), keys[s].AsSpan(from, size)) / MathF.Sqrt(size);
                }
                TensorPrimitives.SoftMax<float>(scores, scores);
                for (var i = 0; i < size; i++)
                {
                    mixed[(head * size) + i] = scores.Select((score, s) => score * values[s][from + i]).Sum();
                }
            }
            Add(hidden[t], Multiply(_weights[$"{name}.self_attn.o_proj.weight"], mixed, _config.HiddenSize));
        }

        float[][] Project(string part, int heads) => normal.Select(x =>
            Multiply(_weights[$"{name}.self_attn.{part}_proj.weight"], x, heads * size)).ToArray();
    }

    private void FeedForward(int layer, float[] hidden, int channels)
    {
        var name = $"model.layers.{layer}";
        var normal = Norm(hidden, $"{name}.post_attention_layernorm.weight");
        var gate = Multiply(_weights[$"{name}.mlp.gate_proj.weight"], normal, channels);
        var up = Multiply(_weights[$"{name}.mlp.up_proj.weight"], normal, channels);
        var active = new float[_config.IntermediateSize];
        for (var i = 0; i < channels; i++)
        {
            active[i] = gate[i] / (1 + MathF.Exp(-gate[i])) * up[i];
        }
        Add(hidden, Multiply(_weights[$"{name}.mlp.down_proj.weight"], active, _config.HiddenSize));
    }

    /// <summary>Rotates the halves of each head (x, y) by position · base^(−2i/size).</summary>
    private void Rotate(float[] heads, int position)
    {
        int size = _config.HeadDimensions, half = size / 2;
        for (var start = 0; start < heads.Length; start += size)
        {
            for (var i = 0; i < half; i++)
            {
                var (sin, cos) = Math.SinCos(position * Math.Pow(_config.Rotary[0].Base, -2.0 * i / size));
                var (x, y) = (heads[start + i], heads[start + half + i]);
                heads[start + i] = (float)((x * cos) - (y * sin));
                heads[start + half + i] = (float)((y * cos) + (x * sin));
            }
        }
    }

    private float[] Norm(float[] values, string gain)
    {
        var scale = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(values) / values.Length)
            + _config.NormEpsilon);
        var normal = new float[values.Length];
        TensorPrimitives.Multiply(values, scale, normal);
        TensorPrimitives.Multiply<float>(normal, _weights[gain], normal);
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
