using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.Messaging;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using Microsoft.Extensions.Logging.Abstractions;
using static EdgeAgent.Hosting.InvariantText;

namespace EdgeAgent.Verbs;

/// <summary>`ask`: one prompt, one answer, without broker or network.</summary>
internal static class AskVerb
{
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(10);

    public static Command Create(TimeProvider time)
    {
        var text = new Argument<string?>("TEXT")
        {
            Description = "The prompt; without it, standard input",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var model = ModelArguments.Text("--model", "DIR", "Model package; default: the embedded Nano");
        var system = ModelArguments.Text("--system", "TEXT", "System prompt; default: none");
        var level = ModelArguments.Level();
        var tokens = ModelArguments.Number(
            "--max-tokens", "Tokens of the answer at most", InferenceRequest.DefaultMaxTokens);
        var root = ModelArguments.Text("--sensors-root", "DIR", "Folder that holds sys/ and proc/ of the board");
        var energy = new Option<bool>("--energy")
        {
            Description = "Wait some seconds before, to know what the board draws while it waits",
        };
        var json = ModelArguments.Json();
        var verb = new Command("ask", "Answer one prompt, here and now, without a network")
            { text, model, system, level, tokens, json, energy, root }
            .WithExamples(
                "edge-agent ask \"force: 197 N (maximum 199)\" --system \"You are Nano, an inspection assistant.\"",
                """edge-agent ask "sensor disconnected?" --level 2 --json""",
                "edge-agent ask \"sensor disconnected?\" --energy   and what the answer took, where that is measured",
                "echo \"Class I spindle at 6.24 mm/s: judge the vibration.\" | edge-agent ask");
        verb.SetAction(async (parsed, cancellation) =>
        {
            var messages = Messages(parsed.GetValue(system), parsed.GetValue(text));
            using var served = Load(parsed.GetValue(model) ?? EmbeddedModel.Path, parsed.GetValue(tokens));
            var wanted = ModelArguments.CheckLevel(parsed.GetValue(level), served.Manifest);
            await using var power = await PowerWatch.StartAsync(parsed.GetValue(root) ?? "/", time, cancellation);
            if (parsed.GetValue(energy))
            {
                await power.LearnIdleAsync(cancellation);
            }
            var isJson = parsed.GetValue(json);
            var ticket = Ticket(served, messages, wanted, parsed.GetValue(tokens), time);
            var result = Answer(served, ticket, power.Meter, time);
            return Print(result, served.Name, isJson, isJson ? null : Energy(result, power, parsed.GetValue(energy)));
        });
        return verb;
    }

    private static ServedModel Load(string path, int maximumTokens) => maximumTokens < 1
        ? throw new UsageException($"--max-tokens {maximumTokens}: must be at least 1.")
        : ServedModel.Load(path, new EngineOptions());

    private static PromptTicket Ticket(
        ServedModel model, (string, string)[] messages, int? level, int maximumTokens, TimeProvider time) =>
        new(new PromptRequest
        {
            Messages = messages,
            MaximumTokens = maximumTokens,
            Levels = (level ?? 0, level ?? model.HighestLevel),
            Timeout = LongestAnswer,
        }, time);

    private static PromptResult Answer(ServedModel model, PromptTicket ticket, EnergyMeter energy, TimeProvider time)
    {
        using var interrupt = new ConsoleInterrupt(() =>
            ticket.Interrupt(new PromptRefusal(ServingFault.Cancelled, "Interrupted.")));
        var plan = new PlanInForce();
        var loop = new InferenceLoop(
            new PromptQueue(1, plan), plan, new ServingCounters(), energy, time, NullLogger<InferenceLoop>.Instance);
        return loop.Answer(model, ticket, beat: () => { });
    }

    /// <summary>What an answer took, for people; null where nobody wants to know or the board cannot tell.</summary>
    /// <param name="isAskedFor">Then its absence is told too.</param>
    private static string? Energy(PromptResult result, PowerWatch power, bool isAskedFor) => result switch
    {
        PromptAnswer { Energy: { } used } answer => EnergyText(used, answer.CompletionTokens),
        PromptAnswer when isAskedFor && power.HasPower => "energy: the answer was too short to be measured",
        PromptAnswer when isAskedFor => "no energy: this board shows no power that can be read (edge-agent sensors)",
        _ => null,
    };

    /// <summary>Joules, those above idle where that is known, and joules of a token.</summary>
    internal static string EnergyText(in EnergyUse used, int tokens) => Text($"energy: {used.Joules:0.###} J")
        + (used.JoulesAboveIdle is { } above ? Text($", {above:0.###} J of it above idle") : "")
        + (tokens > 0 ? Text($"; {used.Joules / tokens:0.####} J per token") : "");

    private static int Print(PromptResult result, string model, bool json, string? energy)
    {
        if (json)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(ResultBodies.Write("ask", model, result));
            output.WriteByte((byte)'\n');
        }
        else if (result is PromptAnswer answer)
        {
            VerbOutput.Line(answer.Text);
            if (energy is not null)
            {
                VerbOutput.Error(energy);
            }
        }
        else
        {
            VerbOutput.Error(((PromptRefusal)result).Message);
        }
        return result is PromptAnswer ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static (string, string)[] Messages(string? system, string? text)
    {
        if (text is null && !Console.IsInputRedirected)
        {
            throw new UsageException("What shall it answer? edge-agent ask \"…\", or the prompt on standard input.");
        }
        text ??= Console.In.ReadToEnd().Trim();
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new UsageException("The prompt is empty.");
        }
        return system is null ? [("user", text)] : [("system", system), ("user", text)];
    }
}

/// <summary>Does something at Ctrl-C instead of ending the process at once.</summary>
internal sealed class ConsoleInterrupt : IDisposable
{
    private readonly ConsoleCancelEventHandler _handler;

    public ConsoleInterrupt(Action interrupted)
    {
        _handler = (_, key) =>
        {
            key.Cancel = true;
            interrupted();
        };
        Console.CancelKeyPress += _handler;
    }

    public void Dispose() => Console.CancelKeyPress -= _handler;
}
