namespace EdgeAgent.Inference.Templates;

/// <summary>A stretch of a rendered prompt, and who wrote it.</summary>
/// <param name="Text">The text.</param>
/// <param name="FromTemplate">
/// True for text of the template, where special tokens count; false for text of a message, which stays text.
/// </param>
public readonly record struct TemplateSpan(string Text, bool FromTemplate);
