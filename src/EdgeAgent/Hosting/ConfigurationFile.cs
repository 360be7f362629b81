using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace EdgeAgent.Hosting;

/// <summary>Reads one configuration file into raw values, each with its line, and the file's own faults.</summary>
internal sealed class ConfigurationFile
{
    /// <summary>Far above any honest configuration; a larger file is a mistake and is not read.</summary>
    public const int MaxBytes = 64 * 1024;

    // The deepest honest value is a list in a section: 3.
    private const int MaxDepth = 8;

    private readonly string _path;
    private readonly string _folder;
    private readonly byte[] _bytes;
    private readonly HashSet<string> _seen = [];
    private readonly List<RawValue> _values = [];
    private readonly List<OptionError> _errors = [];

    private ConfigurationFile(string path, byte[] bytes)
    {
        _path = path;
        _folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        _bytes = bytes;
    }

    public IReadOnlyList<RawValue> Values => _values;

    public IReadOnlyList<OptionError> Errors => _errors;

    /// <summary>Reads a file; one that cannot be read gives no values and an error.</summary>
    public static ConfigurationFile Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = ReadLimited(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var unreadable = new ConfigurationFile(path, []);
            unreadable._errors.Add(new(new OptionOrigin(path), $"cannot be read: {e.Message}"));
            return unreadable;
        }
        return Parse(path, bytes);
    }

    /// <summary>Reads the bytes of a file.</summary>
    public static ConfigurationFile Parse(string path, byte[] bytes)
    {
        var file = new ConfigurationFile(path, bytes);
        if (bytes.Length > MaxBytes)
        {
            file._errors.Add(new(new OptionOrigin(path),
                $"is larger than {MaxBytes / 1024} KiB, so it is no configuration of the agent"));
        }
        else if (!Utf8.IsValid(bytes))
        {
            file.AddError(file.FirstInvalidByte(), "is not UTF-8 in this line");
        }
        else
        {
            file.ReadRoot();
        }
        return file;
    }

    // One byte more than allowed is enough to know; a device or a pipe without an end is cut there too.
    private static byte[] ReadLimited(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new byte[MaxBytes + 1];
        var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return buffer[..read];
    }

    private void ReadRoot()
    {
        var bytes = _bytes.AsSpan();
        var start = bytes.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var reader = new Utf8JsonReader(bytes[start..], new JsonReaderOptions
        {
            AllowTrailingCommas = true,
            CommentHandling = JsonCommentHandling.Skip,
            MaxDepth = MaxDepth,
        });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                AddError((int)reader.TokenStartIndex, "must hold one JSON object, { … }");
                return;
            }
            ReadSection(ref reader, prefix: "");
            reader.Read();
        }
        catch (JsonException e)
        {
            var line = (int)(e.LineNumber ?? 0) + 1;
            _errors.Add(new(OptionOrigin.File(_path, line), $"is not JSON here: {ReasonOf(e)}"));
        }
    }

    private void ReadSection(ref Utf8JsonReader reader, string prefix)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var at = (int)reader.TokenStartIndex;
            var key = prefix + (TextOf(ref reader) ?? "");
            reader.Read();
            if (!_seen.Add(key))
            {
                AddError(at, $"\"{Shorten(key)}\" is set twice in this file");
                reader.Skip();
            }
            else if (OptionTable.All.Any(option => option.Key == key))
            {
                ReadValue(ref reader, key, at);
            }
            else
            {
                ReadOther(ref reader, key, at);
            }
        }
    }

    private void ReadOther(ref Utf8JsonReader reader, string key, int at)
    {
        var isSection = OptionTable.Sections.Contains(key);
        if (isSection && reader.TokenType == JsonTokenType.StartObject)
        {
            ReadSection(ref reader, key + ".");
            return;
        }
        AddError(at, isSection ? $"\"{key}\" is a section, {{ … }}"
            : OptionTable.IsNotBuilt(key) ? $"\"{Shorten(key)}\" is not built yet"
            : OptionTable.Unknown(key, OptionTable.Keys));
        reader.Skip();
    }

    private void ReadValue(ref Utf8JsonReader reader, string key, int at)
    {
        var origin = OptionOrigin.File(_path, LineAt(at));
        var (kind, text, items) = (RawKind.Other, "", new List<string>());
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                text = TextOf(ref reader);
                kind = text is null ? RawKind.Other : RawKind.Text;
                break;
            case JsonTokenType.Number:
                (kind, text) = (RawKind.Number, Encoding.ASCII.GetString(reader.ValueSpan));
                break;
            case JsonTokenType.StartArray:
                kind = ReadItems(ref reader, items) ? RawKind.List : RawKind.Other;
                text = "a list of other things than texts";
                break;
            default:
                text = reader.TokenType switch
                {
                    JsonTokenType.StartObject => "a section",
                    JsonTokenType.Null => "null",
                    _ => "true or false",
                };
                reader.Skip();
                break;
        }
        _values.Add(new RawValue(key, kind, text ?? "a text with broken escapes", origin, _folder) { Items = items });
    }

    // True where every member is a text; reads to the list's end in any case.
    private static bool ReadItems(ref Utf8JsonReader reader, List<string> items)
    {
        var allTexts = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String && TextOf(ref reader) is { } item)
            {
                items.Add(item);
            }
            else
            {
                allTexts = false;
                reader.Skip();
            }
        }
        return allTexts;
    }

    // Null for an escape of half a surrogate pair, which is JSON but no text.
    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private int FirstInvalidByte()
    {
        var rest = _bytes.AsSpan();
        while (Rune.DecodeFromUtf8(rest, out _, out var used) == System.Buffers.OperationStatus.Done)
        {
            rest = rest[used..];
        }
        return _bytes.Length - rest.Length;
    }

    // System.Text.Json appends its own position, counted from 0; ours stands in front, counted from 1.
    private static string ReasonOf(JsonException e)
    {
        var cut = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return cut < 0 ? e.Message : e.Message[..cut];
    }

    private static string Shorten(string key) => key.Length <= 64 ? key : key[..64] + "…";

    private int LineAt(int offset) => _bytes.AsSpan(0, Math.Min(offset, _bytes.Length)).Count((byte)'\n') + 1;

    private void AddError(int offset, string message) =>
        _errors.Add(new(OptionOrigin.File(_path, LineAt(offset)), message));
}
