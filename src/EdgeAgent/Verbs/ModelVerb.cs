using System.CommandLine;

namespace EdgeAgent.Verbs;

/// <summary>`model`: the tools for model packages.</summary>
internal static class ModelVerb
{
    public static Command Create(TimeProvider time) =>
        new Command("model", "Make, check and measure model packages")
        {
            ModelImportVerb.Create(time),
            ModelManifestVerb.Create(),
            ModelVerifyVerb.Create(),
            ModelEvalVerb.Create(time),
            ModelCompareVerb.Create(time),
            ModelLogitsVerb.Create(),
        }.WithExamples(
            "edge-agent model import ./SmolLM2-135M --out ./smollm2",
            "edge-agent model info ./smollm2",
            "edge-agent model eval ./smollm2 --tasks tasks.jsonl");
}
