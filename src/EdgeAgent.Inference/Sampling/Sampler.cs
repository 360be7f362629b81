using System.Numerics.Tensors;

namespace EdgeAgent.Inference.Sampling;

/// <summary>Chooses the next token from a row of logits; allocates nothing per token.</summary>
/// <remarks>
/// Temperature, then top-k, then top-p of what is left, in the order of Hugging Face transformers
/// (`LogitsProcessorList` of `generate`). Both cuts are selections in expected linear time, not sorts: a sort of 50,000
/// logits would cost as much as the step of a small model.
/// </remarks>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly Random _random;

    /// <summary>[V]: weights of the candidates, not normalised, and their ids.</summary>
    private readonly float[] _weights;
    private readonly int[] _ids;

    public Sampler(SamplingOptions options, int vocabularySize)
    {
        _options = options;
        _random = new Random((int)(options.Seed ^ (options.Seed >> 32)));
        var candidates = options.Temperature > 0 ? vocabularySize : 0;
        _weights = new float[candidates];
        _ids = new int[candidates];
    }

    /// <summary>The id of the next token.</summary>
    /// <param name="logits">[V]</param>
    /// <exception cref="InferenceException">The largest logit is not a finite number.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        var likeliest = TensorPrimitives.IndexOfMax(logits);
        if (!float.IsFinite(logits[likeliest]))
        {
            throw new InferenceException(InferenceFault.GraphFailed,
                "The model computed logits that are not finite numbers; its weights may be damaged.");
        }
        return _options.Temperature == 0 ? likeliest : Draw(logits, logits[likeliest]);
    }

    private int Draw(ReadOnlySpan<float> logits, float largest)
    {
        // weight = exp((logit − largest) / temperature): the largest is 1.
        TensorPrimitives.Subtract(logits, largest, _weights);
        TensorPrimitives.Divide(_weights, _options.Temperature, _weights);
        TensorPrimitives.Exp<float>(_weights, _weights);
        for (var i = 0; i < _ids.Length; i++)
        {
            _ids[i] = i;
        }
        var count = _weights.Length;
        if (_options.TopK > 0 && _options.TopK < count)
        {
            count = Likeliest(count, float.PositiveInfinity, _options.TopK);
        }
        if (_options.TopP < 1)
        {
            var mass = TensorPrimitives.Sum<float>(_weights.AsSpan(0, count));
            count = Likeliest(count, _options.TopP * mass, int.MaxValue);
        }
        return Pick(count);
    }

    private int Pick(int count)
    {
        var weights = _weights.AsSpan(0, count);
        var left = _random.NextSingle() * TensorPrimitives.Sum<float>(weights);
        var i = 0;
        while (i < count - 1 && left >= weights[i])
        {
            left -= weights[i++];
        }
        return _ids[i];
    }

    /// <summary>
    /// Brings the fewest largest weights to the front that reach the mass or the number, and returns how many.
    /// </summary>
    /// <remarks>Hoare's quickselect, with mass or number as what is sought.</remarks>
    private int Likeliest(int count, float mass, int number)
    {
        int from = 0, to = count;
        while (to - from > 1)
        {
            var pivot = _weights[from + ((to - from) / 2)];
            var (larger, equal) = Partition(from, to, pivot);
            var largerMass = TensorPrimitives.Sum<float>(_weights.AsSpan(from, larger - from));
            if (largerMass >= mass || larger - from >= number)
            {
                to = larger;
                continue;
            }
            (mass, number) = (mass - largerMass, number - (larger - from));
            // Equal weights are taken one by one: none of them is likelier than another.
            var forMass = pivot > 0 ? (int)Math.Min(MathF.Ceiling(mass / pivot), int.MaxValue / 2) : number;
            var wanted = Math.Min(number, forMass);
            if (wanted <= equal - larger)
            {
                return larger + Math.Max(wanted, larger == 0 ? 1 : 0);
            }
            (mass, number) = (mass - (pivot * (equal - larger)), number - (equal - larger));
            from = equal;
        }
        return to;
    }

    /// <summary>Orders [from, to) into larger than, equal to and smaller than the pivot; returns the borders.</summary>
    private (int Larger, int Equal) Partition(int from, int to, float pivot)
    {
        int larger = from, i = from, smaller = to;
        while (i < smaller)
        {
            if (_weights[i] > pivot)
            {
                Swap(larger++, i++);
            }
            else if (_weights[i] < pivot)
            {
                Swap(i, --smaller);
            }
            else
            {
                i++;
            }
        }
        return (larger, smaller);
    }

    private void Swap(int a, int b)
    {
        (_weights[a], _weights[b]) = (_weights[b], _weights[a]);
        (_ids[a], _ids[b]) = (_ids[b], _ids[a]);
    }
}
