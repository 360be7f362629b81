using System.Text;

namespace EdgeAgent.Tests.Protocol;

/// <summary>Makes hostile requests from honest ones: half stay JSON with other values, half lose bytes.</summary>
/// <remarks>The same seed gives the same inputs.</remarks>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Corpus =
    [
        """{"prompt":"Is 81 C too hot?"}""",
        """{"prompt":"Prüfe: Riss \ud83d\ude00","max_tokens":16,"temperature":0.7,"top_p":0.9,"top_k":40,"seed":7}""",
        """{"messages":[{"role":"system","content":"Brief."},{"role":"user","content":"Hot?"}],"stop":["\n","END"]}""",
        """{"id":"a","prompt":"x","priority":"urgent","level":{"min":1,"max":3},"timeout_ms":1500,"x_l":{"n":[1,2]}}""",
        """{"prompt":"x","stream":false,"json":false,"unknown":null,"seed":null,"level":{}}""",
        """ {"messages":[{"role":"assistant","content":""},{"role":"user","content":"c","name":"d"}]} """,
    ];

    private static readonly string[] Names =
    [
        "id", "prompt", "messages", "max_tokens", "temperature", "top_p", "top_k", "seed", "stop", "priority", "level",
        "timeout_ms", "schema", "choices", "regex", "json", "stream", "recipe", "values", "model", "adapter", "x_a",
        "zz", "", "role", "content", "\\u0070rompt",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "512", "1.5", "512.0", "9223372036854775807", "9223372036854775808",
        "1e999", "-1e-999", "\"\"", "\"x\"", "\"urgent\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "[]", "{}", "[[[[]]]]",
        "[\"a\",\"\"]", "{\"min\":1,\"max\":0}", "{\"min\":2}",
        "[{\"role\":\"user\",\"content\":\"x\"}]", "[{\"role\":\"user\"}]",
        "[1,2,3,4,5,6,7,8,9]", "{\"a\":{\"b\":{\"c\":null}}}", "\"\u202e\u009b\"",
    ];

    private static readonly byte[] HostileBytes = "\0\"\\{}[]:,u-eE.+ \n\u007f"u8.ToArray();

    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var text = Pick(Corpus);
        for (var changes = _random.Next(1, 4); changes > 0; changes--)
        {
            text = _random.Next(3) switch { 0 => ReplaceScalar(text), 1 => InsertField(text), _ => RemoveField(text) };
        }
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var damages = _random.Next(2) == 0 ? 0 : _random.Next(1, 5); damages > 0; damages--)
        {
            bytes = Damage(bytes);
        }
        return bytes;
    }

    /// <summary>Another value after some colon, where the old one was a number or a word.</summary>
    private string ReplaceScalar(string text)
    {
        var colon = text.IndexOf(':', _random.Next(text.Length));
        var end = colon < 0 ? -1 : text.AsSpan(colon + 1).IndexOfAny(',', '}', ']') + colon + 1;
        return end <= colon || text[colon + 1] is '[' or '{' or '"'
            ? text
            : text[..(colon + 1)] + Pick(Values) + text[end..];
    }

    private string InsertField(string text)
    {
        var brace = text.IndexOf('{', _random.Next(text.Length));
        brace = brace < 0 ? text.IndexOf('{') : brace;
        var comma = text.AsSpan(brace + 1).TrimStart().StartsWith("}") ? "" : ",";
        return $"{text[..(brace + 1)]}\"{Pick(Names)}\":{Pick(Values)}{comma}{text[(brace + 1)..]}";
    }

    /// <summary>Renames a field, so that the one that was there is missing.</summary>
    private string RemoveField(string text)
    {
        var name = Pick(Names);
        return name.Length == 0 ? text : text.Replace($"\"{name}\":", $"\"y{_random.Next(1000)}\":");
    }

    private byte[] Damage(byte[] bytes)
    {
        var at = _random.Next(bytes.Length + 1);
        var until = Math.Min(bytes.Length, at + _random.Next(1, 9));
        return _random.Next(6) switch
        {
            0 => [.. bytes[..at], (byte)_random.Next(256), .. bytes[at..]],
            1 => [.. bytes[..at], HostileBytes[_random.Next(HostileBytes.Length)], .. bytes[until..]],
            2 => bytes[..at],
            3 => [.. bytes[..at], .. bytes[until..]],
            4 => [.. bytes[..until], .. bytes[at..]],
            _ => [.. bytes[..at], .. Enumerable.Repeat("[{9"u8[_random.Next(3)], 40), .. bytes[at..]],
        };
    }

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
