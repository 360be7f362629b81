using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace EdgeAgent.Verbs;

/// <summary>What verbs print: results on standard output, everything else on standard error.</summary>
internal static class VerbOutput
{
    public static void Line(string text) => Console.Out.WriteLine(text);

    /// <summary>Says what went wrong, for people.</summary>
    public static void Error(string message) => Console.Error.WriteLine($"edge-agent: {message}");

    /// <summary>Writes one JSON value and a line break.</summary>
    public static void Json(Action<Utf8JsonWriter> write)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(writer);
        }
        output.WriteByte((byte)'\n');
    }

    /// <summary>A table for people; colours and lines only on a terminal.</summary>
    public static void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = Console.IsOutputRedirected ? TableBorder.None : TableBorder.Rounded };
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
        }
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }
        AnsiConsole.Write(table);
    }
}
