using System.Numerics.Tensors;

namespace EdgeAgent.ModelTools.Distil;

/// <summary>A matrix that is trained with Adam (Kingma and Ba 2015).</summary>
/// <param name="values">What is trained, in place.</param>
internal sealed class AdamMatrix(float[] values)
{
    private const float FirstDecay = 0.9f;
    private const float SecondDecay = 0.98f;
    private const float Epsilon = 1e-12f;

    private readonly float[] _first = new float[values.Length];
    private readonly float[] _second = new float[values.Length];
    private readonly float[] _gradient = new float[values.Length];

    /// <summary>Root mean square of the weights at the start: what rates are relative to.</summary>
    private readonly float _size = MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(values) / values.Length);

    private int _steps;

    /// <summary>Adds to the gradient of the next step.</summary>
    public void Add(float[] gradient) => TensorPrimitives.Add(_gradient, gradient, _gradient);

    /// <param name="rate">How far a weight moves at most, about, in units of the matrix's own weights.</param>
    public void Step(float rate)
    {
        _steps++;
        var firstLeft = 1 - MathF.Pow(FirstDecay, _steps);
        var secondLeft = 1 - MathF.Pow(SecondDecay, _steps);
        for (var i = 0; i < values.Length; i++)
        {
            _first[i] += (1 - FirstDecay) * (_gradient[i] - _first[i]);
            _second[i] += (1 - SecondDecay) * ((_gradient[i] * _gradient[i]) - _second[i]);
            values[i] -= rate * _size * (_first[i] / firstLeft) / (MathF.Sqrt(_second[i] / secondLeft) + Epsilon);
        }
        Array.Clear(_gradient);
    }
}
