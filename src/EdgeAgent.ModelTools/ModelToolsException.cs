using System.Globalization;
using System.Text;

namespace EdgeAgent.ModelTools;

/// <summary>What can go wrong in the model tools; the name is what logs show.</summary>
public enum ModelToolsFault
{
    SourceMissing,
    SourceInvalid,
    ArchitectureUnknown,
    OutputExists,
    TasksInvalid,
    CalibrationFailed,
    NotComparable,
}

/// <summary>A source that cannot become a package, or a file that cannot be evaluated.</summary>
/// <remarks>Messages quote names that strangers wrote, so each is one line that no terminal obeys.</remarks>
public sealed class ModelToolsException(ModelToolsFault fault, string message) : Exception(OneLine(message))
{
    private const int MaximumCharacters = 1000;

    public ModelToolsFault Fault { get; } = fault;

    private static string OneLine(string message)
    {
        var line = new StringBuilder();
        foreach (var rune in message.EnumerateRunes())
        {
            if (line.Length >= MaximumCharacters)
            {
                return line.Append('…').ToString();
            }
            line.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? "?" : rune.ToString());
        }
        return line.ToString();
    }
}
