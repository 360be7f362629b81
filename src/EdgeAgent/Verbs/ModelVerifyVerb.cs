using System.CommandLine;
using System.Text.Json;
using EdgeAgent.Hosting;
using EdgeAgent.ModelPackage;
using EdgeAgent.Protocol;

namespace EdgeAgent.Verbs;

/// <summary>`model verify`: compares every file of a package with its manifest.</summary>
internal static class ModelVerifyVerb
{
    public static Command Create()
    {
        var package = ModelArguments.Package();
        var json = ModelArguments.Json();
        var verb = new Command("verify", "Check every file of a model package; exit code 1 when one is wrong")
            { package, json }
            .WithExamples("edge-agent model verify models-lite/nano");
        verb.SetAction(parsed =>
        {
            var faults = Faults(parsed.GetValue(package)!);
            if (parsed.GetValue(json))
            {
                PrintJson(faults);
            }
            else if (faults.Count == 0)
            {
                VerbOutput.Line("Every file is as the manifest says.");
            }
            else
            {
                faults.ToList().ForEach(fault => VerbOutput.Error(fault.Message));
            }
            return faults.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
        });
        return verb;
    }

    private static IReadOnlyList<PackageFault> Faults(string path)
    {
        try
        {
            return PackageFolder.Open(path).Verify();
        }
        catch (PackageException error)
        {
            return [error.Fault];
        }
    }

    private static void PrintJson(IReadOnlyList<PackageFault> faults) => VerbOutput.Json(writer =>
    {
        writer.WriteStartArray();
        foreach (var fault in faults)
        {
            writer.WriteStartObject();
            writer.WriteString("fault", fault.Kind.WireName());
            writer.WriteString("file", fault.File);
            writer.WriteString("message", fault.Message);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    });
}
