using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>Reads JSON values into bounded ones and keeps the first fault.</summary>
internal sealed class FieldReader
{
    /// <summary>The first fault, or null so far.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>An integer in a range; <c>512.0</c> is one, as gateways with only floating point write it.</summary>
    public long Integer(string field, JsonElement value, long min, long max)
    {
        // [P-17]
        if (TryInteger(value, out var number) && number >= min && number <= max)
        {
            return number;
        }
        Refuse(field, value, string.Create(CultureInfo.InvariantCulture, $"an integer from {min} to {max}"));
        return min;
    }

    /// <summary>A finite number in a range.</summary>
    public float Number(string field, JsonElement value, double min, double max)
    {
        // [P-17]
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
            && number >= min && number <= max)
        {
            return (float)number;
        }
        Refuse(field, value, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));
        return (float)min;
    }

    public string Text(string field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString()!;
        }
        Refuse(field, value, "a string");
        return "";
    }

    /// <summary>A string of so many bytes in UTF-8.</summary>
    public string Text(string field, JsonElement value, int minBytes, int maxBytes)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : null;
        if (text is not null && Encoding.UTF8.GetByteCount(text) is var bytes && bytes >= minBytes && bytes <= maxBytes)
        {
            return text;
        }
        Refuse(field, value, $"a string of {minBytes} to {maxBytes} bytes");
        return "";
    }

    /// <summary>The id of a request; null where it is none.</summary>
    public string? Id(string field, JsonElement value)
    {
        // [P-24]
        var id = Text(field, value, 1, ProtocolLimits.IdMaxBytes);
        if (TopicRules.HasForbiddenCharacter(id))
        {
            Refuse(field, value, "a string without control characters");
        }
        return Refusal is null ? id : null;
    }

    /// <summary>One of a few words.</summary>
    public TWord Word<TWord>(string field, JsonElement value, params ReadOnlySpan<(string Word, TWord Value)> words)
    {
        foreach (var (word, meaning) in words)
        {
            if (value.ValueKind == JsonValueKind.String && value.ValueEquals(word))
            {
                return meaning;
            }
        }
        Refuse(field, value, $"one of {string.Join(", ", words.ToArray().Select(pair => $"\"{pair.Word}\""))}");
        return words[0].Value;
    }

    /// <summary>Whether the value is an array of at most so many entries.</summary>
    public bool IsArray(string field, JsonElement value, int maxCount, string of)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Refuse(field, value, $"an array of {of}");
            return false;
        }
        if (value.GetArrayLength() is var count && count > maxCount)
        {
            Refuse(new(
                RefusalCode.InvalidField,
                $"'{field}' has {count} entries; allowed are at most {maxCount} {of}. Send fewer."));
            return false;
        }
        return true;
    }

    public bool IsObject(string field, JsonElement value, string shape)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return true;
        }
        Refuse(field, value, shape);
        return false;
    }

    /// <summary>The one sentence that every wrong value gets: what, why, what to do.</summary>
    public void Refuse(string field, JsonElement value, string allowed) => Refuse(new(
        RefusalCode.InvalidField,
        $"'{field}' is {Shown.Value(value)}; allowed is {allowed}. Correct the value or leave the field out."));

    public void Refuse(Refusal refusal) => Refusal ??= refusal;

    private static bool TryInteger(JsonElement value, out long number)
    {
        number = 0;
        if (value.ValueKind != JsonValueKind.Number)
        {
            return false;
        }
        if (value.TryGetInt64(out number))
        {
            return true;
        }
        if (!value.TryGetDouble(out var real) || !double.IsInteger(real)
            || Math.Abs(real) > ProtocolLimits.MaxSeed)
        {
            return false;
        }
        number = (long)real;
        return true;
    }
}
