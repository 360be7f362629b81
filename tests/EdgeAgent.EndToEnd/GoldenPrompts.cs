using System.Text.Json;

namespace EdgeAgent.EndToEnd;

/// <summary>A prompt whose greedy answer is known from outside of our engine.</summary>
internal sealed record GoldenPrompt(JsonElement Messages, int PromptTokens, string Text, int AnswerTokens)
{
    /// <summary>The first prompt of a task; at every level its answer is the same.</summary>
    public static GoldenPrompt Of(string task)
    {
        using var reference = JsonDocument.Parse(File.ReadAllText(Need.Shared("nano/reference.json")));
        var found = reference.RootElement.GetProperty("cases").EnumerateArray()
            .First(one => one.GetProperty("task").GetString() == task && one.TryGetProperty("levels", out _)).Clone();
        return new GoldenPrompt(found.GetProperty("messages"), found.GetProperty("prompt_tokens").GetArrayLength(),
            found.GetProperty("text").GetString()!, found.GetProperty("greedy_tokens").GetArrayLength());
    }
}
