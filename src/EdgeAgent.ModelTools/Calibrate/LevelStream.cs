using EdgeAgent.Inference.Runtime;
using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Calibrate;

/// <summary>What the full model has at one layer in fp32: what its FFN gives, the residual before it.</summary>
internal readonly record struct LayerTarget(float[] FfnOutput, float[] Residual);

/// <summary>The hidden states of one pruned level as calibration goes from layer to layer.</summary>
/// <param name="hidden">[T, D] of each window, in front of the next layer; changed as it goes.</param>
internal sealed class LevelStream(DecoderConfig model, RotaryTables rotary, Gram gram, float[][] hidden)
{
    /// <summary>Takes a down projection that is known already, and goes on to the next layer.</summary>
    public void Step(LayerMemory memory, int layer, int channels, float[] down)
    {
        var weights = memory.WithDown(channels, down, model.HiddenSize);
        using var pass = new LayerPass(model, rotary, memory, weights, layer, channels);
        for (var i = 0; i < hidden.Length; i++)
        {
            hidden[i] = pass.Run(hidden[i])[0];
        }
    }

    /// <summary>Corrects the down projection for the channels that are gone, quantizes it and goes on.</summary>
    /// <param name="before">[D, channels]: the projection's first columns in fp32.</param>
    public QuantizedMatrix Correct(LayerMemory memory, int layer, int channels, float[] before,
        IReadOnlyList<LayerTarget> targets, BlockFormat format)
    {
        var weights = memory.WithDown(channels, before, model.HiddenSize);
        using var pass = new LayerPass(
            model, rotary, memory, weights, layer, channels, $"layers.{layer}.ffn.gated");
        var (hessian, cross) = (new float[channels * channels], new float[model.HiddenSize * channels]);
        for (var i = 0; i < hidden.Length; i++)
        {
            var values = pass.Run(hidden[i]);
            var tokens = hidden[i].Length / model.HiddenSize;
            var wanted = (float[])targets[i].FfnOutput.Clone();
            var tokenWeights = LayerHessians.TokenWeights(targets[i].Residual, tokens);
            LayerHessians.ScaleTokens(values[1], tokenWeights);
            LayerHessians.ScaleTokens(wanted, tokenWeights);
            gram.Add(values[1], values[1], tokens, hessian);
            gram.Add(wanted, values[1], tokens, cross);
        }
        var corrected = CorrectedDown.Solve(hessian, cross, before, channels);
        var quantized = Gptq.Quantize(
            corrected, model.HiddenSize, ErrorFeedback.Of(hessian, channels), format).Matrix;
        quantized.Dequantize().CopyTo(before, 0);
        for (var i = 0; i < hidden.Length; i++)
        {
            hidden[i] = pass.Run(hidden[i])[0];
        }
        return quantized;
    }
}
