using System.Diagnostics;
using System.Text.Json;

namespace EdgeAgent.Protocol;

/// <summary>Takes one request object apart, field by field in the order of the body, until one is wrong.</summary>
internal sealed class RequestFields
{
    private readonly ProtocolOptions _options;
    private readonly FieldReader _reader = new();
    private readonly UnknownCounter _unknown = new();
    private readonly RequestParts _parts;
    private string? _prompt;
    private IReadOnlyList<PromptMessage>? _messages;

    public RequestFields(ProtocolOptions options)
    {
        _options = options;
        _parts = new(_reader, _unknown);
    }

    /// <summary>The first fault, or null.</summary>
    public Refusal? Refusal => _reader.Refusal;

    public UnknownFields Unknown => _unknown.Fields;

    /// <summary>The id of the body, read before all else so that a refusal can carry it; null where there is none or it
    /// is wrong, which <see cref="Refusal"/> then says.</summary>
    public string? Id(JsonElement body) =>
        body.TryGetProperty("id", out var value) && value.ValueKind != JsonValueKind.Null
            ? _reader.Id("id", value)
            : null;

    /// <summary>Reads all fields into the request that plain text would have become; null where one is wrong.</summary>
    public InferenceRequest? Read(JsonElement body, InferenceRequest defaults)
    {
        var request = defaults;
        // [P-26] The order of the body decides which fault is the first.
        foreach (var property in body.EnumerateObject())
        {
            request = Apply(request, property.Name, property.Value);
            if (Refusal is not null)
            {
                return null;
            }
        }
        return WithMessages(request);
    }

    internal static Refusal MissingPrompt() => new(
        RefusalCode.MissingPrompt,
        "The request asks nothing: it has no 'prompt' and no 'messages', or they are blank. Send the text to answer.");

    private InferenceRequest Apply(InferenceRequest request, string name, JsonElement value)
    {
        if (FieldSets.Built.Contains(name))
        {
            // [P-23]
            return value.ValueKind == JsonValueKind.Null ? request : ApplyBuilt(request, name, value);
        }
        if (!FieldSets.NotBuilt.Contains(name))
        {
            _unknown.Count(name);
        }
        else if (value.ValueKind != JsonValueKind.Null && FieldSets.RefusalOf(name, value) is { } refusal)
        {
            _reader.Refuse(refusal);
        }
        return request;
    }

    private InferenceRequest ApplyBuilt(InferenceRequest request, string name, JsonElement value)
    {
        switch (name)
        {
            case "id":
                // Read before: Id.
                return request;
            case "prompt":
                _prompt = _reader.Text(name, value);
                return request;
            case "messages":
                _messages = _parts.Messages(name, value);
                return request;
            case "stop":
                return request with { Stop = _parts.Stop(name, value) };
            case "priority":
                return request with { Priority = Priority(name, value) };
            case "level":
                return request with { Level = _parts.Level(name, value) };
            default:
                return ApplyNumber(request, name, value);
        }
    }

    private InferenceRequest ApplyNumber(InferenceRequest request, string name, JsonElement value) => name switch
    {
        "max_tokens" => request with { MaxTokens = (int)_reader.Integer(name, value, 1, _options.MaxTokensLimit) },
        "temperature" => request with { Temperature = _reader.Number(name, value, 0, ProtocolLimits.MaxTemperature) },
        "top_p" => request with { TopP = _reader.Number(name, value, 0, 1) },
        "top_k" => request with { TopK = (int)_reader.Integer(name, value, 0, ProtocolLimits.MaxTopK) },
        "seed" => request with { Seed = _reader.Integer(name, value, 0, ProtocolLimits.MaxSeed) },
        "timeout_ms" => request with
        {
            Timeout = TimeSpan.FromMilliseconds(_reader.Integer(name, value, 1, _options.TimeoutLimitMs)),
        },
        _ => throw new UnreachableException($"'{name}' is listed as built, but nothing reads it."),
    };

    // [P-19]
    private RequestPriority Priority(string name, JsonElement value) => _reader.Word(
        name,
        value,
        ("normal", RequestPriority.Normal),
        ("urgent", RequestPriority.Urgent),
        ("batch", RequestPriority.Batch));

    private InferenceRequest? WithMessages(InferenceRequest request)
    {
        // [P-15]
        if (_prompt is not null && _messages is not null)
        {
            _reader.Refuse(new(
                RefusalCode.InvalidField,
                "The request has both 'prompt' and 'messages', so it is not clear what to answer. Send only one."));
            return null;
        }
        var messages = _messages ?? (_prompt is null ? [] : [new(PromptRole.User, _prompt)]);
        if (messages.All(message => string.IsNullOrWhiteSpace(message.Content)))
        {
            _reader.Refuse(MissingPrompt());
            return null;
        }
        return request with { Messages = messages };
    }
}
