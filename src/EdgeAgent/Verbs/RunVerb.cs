using System.CommandLine;
using EdgeAgent.Diagnosis;
using EdgeAgent.Hosting;
using EdgeAgent.Messaging;
using EdgeAgent.ModelPackage;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Sensors;
using EdgeAgent.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Verbs;

/// <summary>`run`: the service.</summary>
internal static class RunVerb
{
    public const string Name = "run";

    public static Command Create(TimeProvider time)
    {
        var config = ModelArguments.Text(
            "--config", "FILE", $"Configuration file; default: {OptionTable.DefaultFile}, where it exists");
        var json = new Option<bool>("--json") { Description = "Log one JSON object per line on standard output" };
        var flags = OptionTable.All.Where(option => option.Flag is not null).Select(option =>
            ModelArguments.Text(option.Flag!, option.Flag![2..].ToUpperInvariant(),
                $"{option.Meaning} Default: {option.Default}".Replace("`", "", StringComparison.Ordinal))).ToArray();
        var verb = new Command(Name, "Run the agent: answer requests over MQTT until told to stop") { config, json }
            .WithExamples(
            [
                "edge-agent run",
                "edge-agent run --mqtt mqtt://broker.example:1883 --device line-3",
                "EDGEAGENT_LOG_LEVEL=debug edge-agent run --config ./edge-agent.json --json",
                "",
                "Keys of the configuration file (EDGEAGENT_ and the key in capitals as a variable):",
                .. OptionTable.HelpText().TrimEnd().Split('\n').Select(line => line.Trim()),
            ]);
        Array.ForEach(flags, verb.Options.Add);
        verb.SetAction((parsed, _) =>
        {
            var given = flags.Where(flag => parsed.GetValue(flag) is not null)
                .ToDictionary(flag => flag.Name, flag => parsed.GetValue(flag)!);
            return RunAsync(OptionSources.OfProcess(parsed.GetValue(config), given), parsed.GetValue(json), time);
        });
        return verb;
    }

    private static async Task<int> RunAsync(OptionSources sources, bool json, TimeProvider time)
    {
        var verdict = AgentOptionsReader.Read(sources);
        if (verdict.Options is not { } options)
        {
            Console.Error.Write(verdict.Message);
            return ExitCodes.WrongConfiguration;
        }
        // Only the manifest: whatever is wrong with the package's files is found when the worker loads them.
        var manifest = PackageFolder.Open(options.Model ?? EmbeddedModel.Path).Manifest;
        var builder = AgentHost.CreateBuilder(options, json, time);
        using var reader = new SensorReader(Sensors(options), time);
        var board = new Board(reader);
        try
        {
            // Limits that contradict each other, the model or the board are found before anything starts.
            var limits = GovernorLimits.From(
                GovernorOptions.From(options), [.. manifest.Levels.Select(level => level.Accuracy)], time,
                board.Read().Good("soc_temperature")?.Limit);
            var modes = PowerModes(options, time);
            limits = limits with { LowerPowerModes = limits.May(GovernorMeans.PowerMode) ? modes?.Steps ?? 0 : 0 };
            AddPruning(builder.Services, options, time, board, new Governor(limits, time), reader.Pushed);
            AddPowerModes(builder.Services, modes);
        }
        catch (GovernorLimitsException error)
        {
            Console.Error.WriteLine($"edge-agent: {error.Message}");
            return ExitCodes.WrongConfiguration;
        }
        AddRooms(builder.Services, options, manifest);
        AddStatus(builder.Services, options, time);
        return await AgentHost.RunAsync(builder.Build());
    }

    private static SensorOptions Sensors(AgentOptions options) => new()
    {
        Root = options.SensorsRoot,
        DataFolder = options.Data,
        GpioInputs = [.. options.SensorsGpio.Select(GpioInput.TryParse).OfType<GpioInput>()],
    };

    private static void AddPruning(
        IServiceCollection services, AgentOptions options, TimeProvider time, Board board, Governor governor,
        PushedReadings pushed)
    {
        services.AddSingleton(board);
        services.AddSingleton(governor);
        services.AddSingleton(pushed);
        services.AddSingleton(new PlanInForce { Plan = governor.Plan });
        var energy = new EnergyMeter(time);
        board.WasRead += energy.Observe;
        services.AddSingleton(energy);
        var runtime = SystemdEnvironment.OfProcess().RuntimeFolder;
        // Also to give back what an agent before us, which was killed, had capped.
        if (options.PruningMeans.Contains("clock") || File.Exists(Path.Join(runtime, ClockLimit.RecordFile)))
        {
            services.AddSingleton(new ClockLimit(options.SensorsRoot, runtime));
            services.AddHostedService<ClockWorker>();
        }
        services.AddSingleton<QueueReadings>();
        services.AddSingleton<PromptClasses>();
        services.AddSingleton<LineReadings>();
        services.AddSingleton<EventPublisher>();
        services.AddSingleton<BoardTelemetry>();
        services.AddSingleton<PlanParts>();
        services.AddHostedService<PlanWorker>();
    }

    // Also to give back the mode that an agent before us, which was killed, had left.
    private static PowerModeSwitch? PowerModes(AgentOptions options, TimeProvider time) =>
        options.PruningMeans.Contains("power_mode") || File.Exists(Path.Join(options.Data, PowerModeSwitch.RecordFile))
            ? new PowerModeSwitch(options.SensorsRoot, options.Data, time)
            : null;

    private static void AddPowerModes(IServiceCollection services, PowerModeSwitch? modes)
    {
        if (modes is not null)
        {
            services.AddSingleton(modes);
            services.AddHostedService<PowerModeWorker>();
        }
    }

    private static void AddStatus(IServiceCollection services, AgentOptions options, TimeProvider time)
    {
        services.AddSingleton<EngineStatus>();
        services.AddSingleton<WireStatus>();
        services.AddSingleton<StatusReport>();
        services.AddHostedService(parts => new StatusSocket(
            StatusSocketOptions.Of(options, parts.GetRequiredService<SystemdEnvironment>()),
            parts.GetRequiredService<StatusReport>().Document, time,
            parts.GetRequiredService<ILogger<StatusSocket>>()));
    }

    private static void AddRooms(IServiceCollection services, AgentOptions options, PackageManifest manifest)
    {
        var context = options.InferenceContextTokens == 0
            ? manifest.Context
            : Math.Min(options.InferenceContextTokens, manifest.Context);
        services.AddSingleton(new Topics(options.MqttTopicRoot, options.Device));
        services.AddSingleton(new ProtocolOptions
        {
            ResponsePrefixes = options.MqttResponseTopics,
            MaxTokensLimit = Math.Min(new ProtocolOptions().MaxTokensLimit, context),
        });
        services.AddSingleton<RequestParser>();
        services.AddSingleton(parts => new PromptQueue(options.ServingQueue, parts.GetRequiredService<PlanInForce>()));
        services.AddSingleton<ModelSlot>();
        services.AddSingleton<ServingCounters>();
        services.AddSingleton<InferenceLoop>();
        services.AddSingleton<AgentIdentity>();
        services.AddSingleton<MessagingCounters>();
        services.AddSingleton<Inbox>();
        services.AddSingleton<Outbox>();
        services.AddSingleton<RequestIntake>();
        services.AddSingleton<StatusPublisher>();
        services.AddSingleton<EngineTelemetry>();
        services.AddSingleton<BrokerReport>();
        services.AddSingleton<MessagingParts>();
        // Stopped in reverse: first no more tokens, then the last answers leave, then the connection.
        services.AddHostedService<MessagingWorker>();
        services.AddHostedService<InferenceWorker>();
        services.AddSingleton<GroupParts>();
        services.AddHostedService<GroupWorker>();
    }
}
