using EdgeAgent.Inference.Graphs.Onnx;
using EdgeAgent.ModelTools.Import;
using static EdgeAgent.Inference.Graphs.Onnx.TensorProto.Types;
using static EdgeAgent.ModelTools.Graphs.OnnxGraph;

namespace EdgeAgent.ModelTools.Graphs;

/// <summary>Writes the graph that compares the answers of two residual streams and takes the difference back.</summary>
/// <remarks>
/// T tokens, D hidden size, V vocabulary. The divergence of Kullback and Leibler (1951) of q from p has the gradient
/// q − p for the logits of q.
/// </remarks>
internal sealed class AnswerGradientGraph : GradientGraph
{
    /// <summary>[T, D]: the residual stream of the whole model, which gives p.</summary>
    public const string Whole = "whole";

    /// <summary>[T, D]: the residual stream that gives q.</summary>
    public const string Other = "other";

    /// <summary>[D]: gains of the last norm.</summary>
    public const string Gains = "gains";

    /// <summary>[V, D]</summary>
    public const string Head = "head";

    /// <summary>[T]: Σ p·(log p − log q), in nats.</summary>
    public const string Divergence = "divergence";

    /// <summary>[T, D]: what a token's divergence moves by for its row of <see cref="Other"/>.</summary>
    public const string Gradient = "other.gradient";

    private AnswerGradientGraph(DecoderConfig model)
        : base("answer-gradient", model.NormEpsilon)
    {
        foreach (var name in new[] { Whole, Other })
        {
            Graph.Input(name, DataType.Float, "T", model.HiddenSize);
        }
        Graph.Input(Gains, DataType.Float, model.HiddenSize);
        Graph.Input(Head, DataType.Float, model.VocabularySize, model.HiddenSize);
        string whole = LogProbabilities(Whole), other = LogProbabilities(Other);
        var wanted = Op("Exp", whole);
        Graph.Node("ReduceSum", "", Divergence, [Op("Mul", wanted, Op("Sub", whole, other)), LastAxis],
            Int("keepdims", 0));
        var logits = Op("Sub", Op("Exp", other), wanted);
        Graph.Node("Identity", "", Gradient, [NormGradient(Other, Gains, Op("MatMul", logits, Head))]);
        Graph.OutputOfAnyRank(Divergence, DataType.Float);
        Graph.OutputOfAnyRank(Gradient, DataType.Float);
    }

    public static ModelProto Build(DecoderConfig model) => new AnswerGradientGraph(model).Graph.Model();

    private string LogProbabilities(string residual) => Op("LogSoftmax", [Int("axis", -1)],
        Fused(Norm(residual, Gains), Head, Int("transB", 1)));
}
