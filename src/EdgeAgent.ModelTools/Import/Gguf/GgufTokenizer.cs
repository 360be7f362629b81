using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeAgent.Inference.Tokenizers;

namespace EdgeAgent.ModelTools.Import.Gguf;

/// <summary>Writes the tokenizer of a GGUF file as the tokenizer.json that a Hugging Face folder has.</summary>
internal static class GgufTokenizer
{
    private const string MergesKey = "tokenizer.ggml.merges";

    /// <exception cref="ModelToolsException">A list is missing or broken, or the kind of tokenizer unknown.</exception>
    public static byte[] ToJson(GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(
            content, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            WriteAddedTokens(json, vocabulary);
            var kind = metadata.Text("tokenizer.ggml.model");
            switch (kind)
            {
                case "gpt2":
                    WriteByteLevel(json, metadata, vocabulary);
                    break;
                case "llama":
                    WritePieces(json, metadata, vocabulary);
                    break;
                default:
                    throw metadata.Invalid("tokenizer.ggml.model", $"is '{kind}'; known are gpt2 and llama");
            }
            json.WriteEndObject();
        }
        return Checked(metadata, content.ToArray());
    }

    /// <summary>What we wrote must be what our tokenizer loads.</summary>
    private static byte[] Checked(GgufMetadata metadata, byte[] json)
    {
        try
        {
            _ = Tokenizer.Load(json);
            return json;
        }
        catch (TokenizerException error)
        {
            throw metadata.Invalid("tokenizer.ggml", $"makes no tokenizer: {error.Message.TrimEnd('.')}");
        }
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, GgufVocabulary vocabulary)
    {
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
        {
            var type = vocabulary.Types[id];
            if (type is GgufTokenType.Control or GgufTokenType.UserDefined or GgufTokenType.Unknown)
            {
                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("content", vocabulary.Tokens[id]);
                foreach (var flag in new[] { "single_word", "lstrip", "rstrip", "normalized" })
                {
                    json.WriteBoolean(flag, false);
                }
                json.WriteBoolean("special", type != GgufTokenType.UserDefined);
                json.WriteEndObject();
            }
        }
        json.WriteEndArray();
    }

    /// <summary>Byte-level BPE: cut, then merge bytes written in GPT-2's alphabet.</summary>
    private static void WriteByteLevel(Utf8JsonWriter json, GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        const string key = "tokenizer.ggml.pre";
        var name = metadata.Text(key);
        var cuts = BytePreTokenizers.Find(name)
            ?? throw metadata.Invalid(key, $"is '{name}'; known are {BytePreTokenizers.KnownNames}");
        json.WritePropertyName("normalizer");
        if (cuts.Composed)
        {
            json.WriteRawValue("""{"type":"NFC"}""");
        }
        else
        {
            json.WriteNullValue();
        }
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (var pattern in cuts.Patterns)
        {
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }
        if (cuts.DigitsApart)
        {
            json.WriteRawValue("""{"type":"Digits","individual_digits":true}""");
        }
        json.WriteRawValue(cuts.Patterns.Count == 0
            ? """{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}"""
            : """{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WritePropertyName("decoder");
        json.WriteRawValue("""{"type":"ByteLevel"}""");

        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteBoolean("ignore_merges", cuts.IgnoreMerges);
        WriteVocabulary(json, vocabulary);
        json.WriteStartArray("merges");
        foreach (var merge in metadata.Texts(MergesKey))
        {
            json.WriteStringValue(merge);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>SentencePiece's BPE: blanks become ▁, pieces have scores, the unknown falls back to bytes.</summary>
    private static void WritePieces(Utf8JsonWriter json, GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        const string replaceBlank = """{"type":"Replace","pattern":{"String":" "},"content":"▁"}""";
        const string replaceBack =
            """{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}""";
        var prefix = metadata.Flag("tokenizer.ggml.add_space_prefix", absent: true);
        json.WritePropertyName("normalizer");
        json.WriteRawValue(prefix
            ? $$"""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{{replaceBlank}}]}"""
            : replaceBlank);
        json.WriteNull("pre_tokenizer");
        json.WritePropertyName("decoder");
        json.WriteRawValue(prefix
            ? $$"""
                {"type":"Sequence","decoders":[{{replaceBack}},
                {"type":"Strip","content":" ","start":1,"stop":0}]}
                """
            : $$"""{"type":"Sequence","decoders":[{{replaceBack}}]}""");

        var scores = metadata.OptionalReals("tokenizer.ggml.scores");
        if (scores is null || scores.Length != vocabulary.Tokens.Length)
        {
            throw metadata.Invalid("tokenizer.ggml.scores",
                $"has {scores?.Length ?? 0} entries, tokenizer.ggml.tokens has {vocabulary.Tokens.Length}");
        }
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        if (vocabulary.Text(metadata, "unknown") is { } unknown)
        {
            json.WriteString("unk_token", unknown);
        }
        json.WriteBoolean("fuse_unk", true);
        json.WriteBoolean("byte_fallback", true);
        WriteVocabulary(json, vocabulary);
        json.WriteStartArray("merges");
        foreach (var (left, right) in PieceMerges.Of(metadata, vocabulary, scores))
        {
            json.WriteStartArray();
            json.WriteStringValue(left);
            json.WriteStringValue(right);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteVocabulary(Utf8JsonWriter json, GgufVocabulary vocabulary)
    {
        json.WriteStartObject("vocab");
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
        {
            json.WriteNumber(vocabulary.Tokens[id], id);
        }
        json.WriteEndObject();
    }
}
