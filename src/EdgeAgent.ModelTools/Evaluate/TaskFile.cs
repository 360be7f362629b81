using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Evaluate;

/// <summary>One dialogue whose last answer is known.</summary>
public sealed record EvaluationTask(
    string Task, IReadOnlyList<EvaluationMessage> Messages, string Expected);

/// <summary>One message of a dialogue.</summary>
public sealed record EvaluationMessage(string Role, string Content);

/// <summary>The generated reader of task files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 8,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EvaluationTask))]
internal sealed partial class TaskFileContext : JsonSerializerContext;

/// <summary>A file of tasks: one JSON object `{"task","messages","expected"}` on each line.</summary>
public static class TaskFile
{
    private const int MaximumTasks = 100_000;
    private const long MaximumBytes = 256 << 20;
    private const int MaximumLineLength = 1 << 20;

    /// <exception cref="ModelToolsException">The file is missing, empty, too large, or a line is too long or no task.
    /// </exception>
    public static IReadOnlyList<EvaluationTask> Read(string path)
    {
        using var stream = SourceFile.Open(path, path);
        if (stream.Length > MaximumBytes)
        {
            throw Invalid($"{path} is larger than {MaximumBytes >> 20} MiB.");
        }
        var tasks = new List<EvaluationTask>();
        foreach (var (number, line) in Lines(path, stream).Index())
        {
            if (line.Length > 0)
            {
                tasks.Add(Parse(path, number + 1, line));
            }
            if (tasks.Count > MaximumTasks)
            {
                throw Invalid($"{path} has more than {MaximumTasks} tasks.");
            }
        }
        return tasks.Count > 0 ? tasks : throw Invalid($"{path} holds no task.");
    }

    private static IEnumerable<string> Lines(string path, Stream stream)
    {
        using var reader = new StreamReader(stream);
        var text = new char[MaximumLineLength + 1];
        var (start, end) = (0, 0);
        for (var number = 1; ; number++)
        {
            var length = text.AsSpan(start..end).IndexOf('\n');
            if (length < 0)
            {
                text.AsSpan(start..end).CopyTo(text);
                (start, end) = (0, end - start);
                end += reader.ReadBlock(text.AsSpan(end));
                length = text.AsSpan(0, end).IndexOf('\n');
            }
            if (length < 0 && end == text.Length)
            {
                throw Invalid($"{path}, line {number}: longer than {MaximumLineLength} characters.");
            }
            if (start == end)
            {
                yield break;
            }
            length = length < 0 ? end - start : length;
            yield return new string(text, start, length).TrimEnd('\r');
            start = Math.Min(end, start + length + 1);
        }
    }

    internal static EvaluationTask Parse(string path, int number, string line)
    {
        try
        {
            var task = JsonSerializer.Deserialize(line, TaskFileContext.Default.EvaluationTask);
            // The reader of JSON refuses null for a field, but not within a list.
            return task is { Messages.Count: > 0 } && task.Messages.All(message => message is not null)
                ? task
                : throw Invalid($"{path}, line {number}: a task needs at least one message, and each is an object.");
        }
        catch (JsonException error)
        {
            throw Invalid($"{path}, line {number}: {error.Message} "
                + """A line is {"task":"measure","messages":[{"role":"user","content":"…"}],"expected":"…"}.""");
        }
    }

    private static ModelToolsException Invalid(string why) => new(ModelToolsFault.TasksInvalid, why);
}
