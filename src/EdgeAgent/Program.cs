using System.CommandLine;
using EdgeAgent.Verbs;

var root = new RootCommand("An inference agent for ARM boards: an INT4 model behind MQTT 5, pruned while it runs.")
{
    RunVerb.Create(TimeProvider.System),
    AskVerb.Create(TimeProvider.System),
    StatusVerb.Create(TimeProvider.System),
    ModelVerb.Create(TimeProvider.System),
    TuneVerb.Create(TimeProvider.System),
    SimulateVerb.Create(),
    TokenizeVerb.Create(),
    RenderVerb.Create(TimeProvider.System),
    SensorsVerb.Create(TimeProvider.System),
}.WithExamples(
    """edge-agent ask "sensor disconnected?"        one answer, without a network""",
    "edge-agent run                                answer requests on mqtt://127.0.0.1:1883",
    "edge-agent run --mqtt mqtt://broker:1883      … on another broker",
    "edge-agent model info models-lite/nano        what a model package holds",
    "edge-agent sensors --watch                    temperature, power and load of the board");
return await VerbRunner.RunAsync(root, args.Length == 0 ? ["--help"] : args);
