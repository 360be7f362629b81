namespace EdgeAgent.Tests.ModelTools;

/// <summary>Random inputs of a matrix, of unequal size and with something in common, from a seed.</summary>
internal sealed class Activations
{
    public Activations(int seed, int tokens, int channels)
    {
        var random = new Random(seed);
        (Tokens, Channels, Values) = (tokens, channels, new float[tokens * channels]);
        var sizes = Enumerable.Range(0, channels).Select(_ => MathF.Pow(10, (random.NextSingle() * 2) - 1)).ToArray();
        for (var token = 0; token < tokens; token++)
        {
            var common = random.NextSingle() - 0.5f;
            for (var channel = 0; channel < channels; channel++)
            {
                Values[(token * channels) + channel] = sizes[channel] * (common + random.NextSingle() - 0.5f);
            }
        }
    }

    public int Tokens { get; }

    public int Channels { get; }

    /// <summary>[tokens, channels]</summary>
    public float[] Values { get; }

    /// <summary>XᵀX, by its definition.</summary>
    public float[] Hessian()
    {
        var hessian = new float[Channels * Channels];
        for (var i = 0; i < Channels; i++)
        {
            for (var j = 0; j < Channels; j++)
            {
                double sum = 0;
                for (var token = 0; token < Tokens; token++)
                {
                    sum += (double)Values[(token * Channels) + i] * Values[(token * Channels) + j];
                }
                hessian[(i * Channels) + j] = (float)sum;
            }
        }
        return hessian;
    }

    /// <summary>Σ (x·(w − q))² over tokens and rows: what a matrix gives wrongly.</summary>
    public double OutputError(float[] weights, float[] quantized)
    {
        double error = 0;
        for (var row = 0; row < weights.Length; row += Channels)
        {
            for (var token = 0; token < Tokens; token++)
            {
                double output = 0;
                for (var i = 0; i < Channels; i++)
                {
                    output += (double)Values[(token * Channels) + i] * (weights[row + i] - quantized[row + i]);
                }
                error += output * output;
            }
        }
        return error;
    }

    public static float[] Weights(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - random.NextSingle())];
    }
}
