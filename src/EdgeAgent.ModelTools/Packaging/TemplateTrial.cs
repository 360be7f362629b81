using EdgeAgent.Inference.Templates;
using EdgeAgent.ModelTools.Import;

namespace EdgeAgent.ModelTools.Packaging;

/// <summary>Renders a chat template before the long work begins, as people will use it.</summary>
/// <remarks>
/// What a template costs is limited whenever it is rendered, so one that waits for another text to run away ends there
/// too. A template may refuse a system text or an answer, as Gemma's does; it must render a plain question.
/// </remarks>
internal static class TemplateTrial
{
    private static readonly TemplateMessage s_system = new("system", "Answer briefly.");
    private static readonly TemplateMessage s_question = new("user", "Is a bearing at 61.5 C too hot?");
    private static readonly TemplateMessage s_answer = new("assistant", "No, the limit is 80 C.");

    private static readonly TemplateMessage[][] s_conversations =
    [
        [s_question],
        [s_system, s_question],
        [s_system, s_question, s_answer, s_question],
    ];

    /// <exception cref="TemplateException">It is not well formed, runs away, reaches for what it must not, or cannot
    /// render a question.</exception>
    public static void Run(SourceChat chat)
    {
        var template = ChatTemplate.Parse(chat.Template);
        foreach (var messages in s_conversations)
        {
            try
            {
                template.Render(
                    TemplateVariables.Of(messages).WithMarks(chat.BeginToken, chat.EndToken), TimeProvider.System);
            }
            catch (TemplateException error) when (messages.Length > 1
                && error.Fault is not (TemplateFault.LimitExceeded or TemplateFault.Unsupported))
            {
                // Its right, see above.
            }
        }
    }
}
