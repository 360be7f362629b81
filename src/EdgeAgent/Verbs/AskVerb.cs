using System.CommandLine;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.Messaging;
using EdgeAgent.Protocol;
using EdgeAgent.Pruning;
using EdgeAgent.Serving;
using Microsoft.Extensions.Logging.Abstractions;

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
        var json = ModelArguments.Json();
        var verb = new Command("ask", "Answer one prompt, here and now, without a network")
            { text, model, system, level, tokens, json }
            .WithExamples(
                "edge-agent ask \"force: 197 N (maximum 199)\" --system \"You are Nano, an inspection assistant.\"",
                """edge-agent ask "sensor disconnected?" --level 2 --json""",
                "echo \"Class I spindle at 6.24 mm/s: judge the vibration.\" | edge-agent ask");
        verb.SetAction(parsed => Run(
            parsed.GetValue(model) ?? EmbeddedModel.Path, Messages(parsed.GetValue(system), parsed.GetValue(text)),
            parsed.GetValue(level), parsed.GetValue(tokens), parsed.GetValue(json), time));
        return verb;
    }

    private static int Run(
        string path, (string, string)[] messages, int? level, int maximumTokens, bool json, TimeProvider time)
    {
        if (maximumTokens < 1)
        {
            throw new UsageException($"--max-tokens {maximumTokens}: must be at least 1.");
        }
        using var model = ServedModel.Load(path, new EngineOptions());
        var wanted = ModelArguments.CheckLevel(level, model.Manifest);
        var ticket = new PromptTicket(new PromptRequest
        {
            Messages = messages,
            MaximumTokens = maximumTokens,
            Levels = (wanted ?? 0, wanted ?? model.HighestLevel),
            Timeout = LongestAnswer,
        }, time);
        using var interrupt = new ConsoleInterrupt(() =>
            ticket.Interrupt(new PromptRefusal(ServingFault.Cancelled, "Interrupted.")));
        var plan = new PlanInForce();
        var loop = new InferenceLoop(
            new PromptQueue(1, plan), plan, new ServingCounters(), new EnergyMeter(time), time,
            NullLogger<InferenceLoop>.Instance);
        return Print(loop.Answer(model, ticket, beat: () => { }), model.Name, json);
    }

    private static int Print(PromptResult result, string model, bool json)
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
