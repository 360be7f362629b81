using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using EdgeAgent.Hosting;
using EdgeAgent.Inference;
using EdgeAgent.Inference.Templates;
using EdgeAgent.Inference.Tokenizers;
using EdgeAgent.ModelPackage;
using EdgeAgent.ModelTools;

namespace EdgeAgent.Verbs;

/// <summary>Runs the verb that a command line names, and turns what happens into an exit code.</summary>
internal static class VerbRunner
{
    /// <summary>From Ctrl-C to the end of a verb that tidies up.</summary>
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction and not ExampleHelp)
        {
            VerbOutput.Error(Misspelled(parsed) ?? string.Join(" ", parsed.Errors.Select(error => error.Message)));
            Console.Error.WriteLine($"Help and examples: {Path(parsed.CommandResult.Command)} --help");
            return ExitCodes.WrongUsage;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                // The host of `run` ends by itself and in its own time; the package would end the process after 2 s.
                ProcessTerminationTimeout = parsed.CommandResult.Command.Name == RunVerb.Name ? null : s_longestEnd,
            });
        }
        catch (UsageException error)
        {
            VerbOutput.Error(error.Message);
            return ExitCodes.WrongUsage;
        }
        catch (Exception error) when (error is PackageException or InferenceException or TokenizerException
            or TemplateException or ModelToolsException or IOException or UnauthorizedAccessException)
        {
            VerbOutput.Error(error.Message);
            return ExitCodes.Failed;
        }
        catch (OperationCanceledException)
        {
            VerbOutput.Error("interrupted");
            return ExitCodes.Failed;
        }
    }

    /// <summary>Gives a command the help page that ends with examples.</summary>
    public static T WithExamples<T>(this T command, params string[] examples)
        where T : Command
    {
        var help = new HelpOption { Action = new ExampleHelp(examples) };
        if (command is RootCommand)
        {
            command.Options.Remove(command.Options.OfType<HelpOption>().Single());
        }
        command.Options.Add(help);
        return command;
    }

    /// <summary>The verb or option that the first unknown word was probably meant to be.</summary>
    private static string? Misspelled(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [var word, ..])
        {
            return null;
        }
        var command = parsed.CommandResult.Command;
        var known = command.Subcommands.Select(c => c.Name).Concat(command.Options.Select(o => o.Name));
        return Spelling.Nearest(word, known) is { } meant
            ? $"There is no '{word}' here; did you mean '{meant}'?"
            : $"There is no '{word}' here.";
    }

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent
            ? $"{Path(parent)} {command.Name}"
            : "edge-agent";
}

/// <summary>A command line that was understood and cannot be meant.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The help page of a verb, with examples at its end.</summary>
internal sealed class ExampleHelp(string[] examples) : SynchronousCommandLineAction
{
    private readonly HelpAction _help = new();

    public override int Invoke(ParseResult parseResult)
    {
        var code = _help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in examples)
        {
            output.WriteLine($"  {example}");
        }
        return code;
    }
}
