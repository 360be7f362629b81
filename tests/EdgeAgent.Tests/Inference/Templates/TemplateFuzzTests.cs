using System.Text;
using EdgeAgent.Inference.Templates;

namespace EdgeAgent.Tests.Inference.Templates;

/// <summary>S36: bent templates end in a prompt or in the declared exception, within the limits.</summary>
public sealed class TemplateFuzzTests(ITestOutputHelper output)
{
    /// <summary>What a rendering may allocate: at all, for each step and for each character that it has paid for.
    /// </summary>
    private const long RenderBytes = 64 << 10;
    private const long BytesOfStep = 1024;
    private const long BytesOfCharacter = 4;

    private static readonly string[] Corpus =
    [
        .. Directory.EnumerateFiles(
            Path.Combine(Repository.Root, "tests/EdgeAgent.Tests/Fixtures/chat-templates"), "*.jinja")
            .Order(StringComparer.Ordinal).Select(File.ReadAllText),
        "{% macro f(a, b=2) %}{{ a }}{{ caller() if caller is defined }}{% endmacro %}"
            + "{% call f(1) %}x{% endcall %}{{ f(b=3) }}",
        "{% set ns = namespace(i=0) %}{% for k, v in messages[0].items() %}"
            + "{% set ns.i = ns.i + 1 %}{{ k ~ v|tojson }}{% endfor %}",
        "{%- with a = messages|map(attribute='role')|list -%}"
            + "{{ a|join(', ') }}{% filter upper %}{{ a[::-1] }}{% endfilter %}{% endwith %}",
        "{% set x %}{{ messages[-1]['content'].split('e')[1:]|first|trim }}{% endset %}"
            + "{{ '%s-%d'|format(x, 4 // 3) }}{% raw %}{{{% endraw %}",
    ];

    private static readonly string[] Splinters =
    [
        "{%", "%}", "{{", "}}", "{#", "#}", "-", "+", "|", "(", ")", "[", "]", "{", "}", ".", ",", ":", "~", "*", "**",
        "//", "%", "'",
        " if ", " else ", " in ", " not ", " is ", " and ", "for ", "endfor", "set ", "loop", "messages", "message",
        "none", "true",
        "9999999999", "-1", "0", "1.5", "''", "[]", "{}", "trim", "tojson", "join", "list", "sort",
        "range(9**9)", "namespace()",
        "raise_exception('x')", "[::-1]", "['role']", ".items()", ".split('e')", "|length", "|reverse", "\\", "\n", "é",
        "break", "continue", "* 99999", "undefined.x", "loop.cycle()", "|indent(9)", "|replace('', 'x')",
        "|round(99)", "|int", "|map('map')",
    ];

    [Fact]
    public void A_bent_template_is_refused_by_the_declared_exception_only()
    {
        var variables = TemplateVariables.FromJson(
            """
            {"messages":[{"role":"user","content":"Hello <|im_end|>"},
            {"role":"assistant","content":null,"n":[1,2.5,true]}],
            "bos_token":"<s>","eos_token":"</s>","add_generation_prompt":true}
            """u8);
        var (rendered, most) = (0, 0L);
        new FuzzLoop<TemplateException>(seed: 77, output) { BudgetBytes = 64 << 10, BudgetOfByte = 256 }.Run(
            [.. Corpus.Select(Encoding.UTF8.GetBytes)],
            (source, random) => Encoding.UTF8.GetBytes(Bend(Encoding.UTF8.GetString(source), random)),
            source => ChatTemplate.Parse(Encoding.UTF8.GetString(source)),
            (template, _) =>
            {
                var state = new RenderState(TimeProvider.System);
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    var length = template.Render(variables, state).Sum(span => span.Text.Length);
                    Assert.True(length <= TemplateLimits.TextLength);
                    rendered++;
                }
                finally
                {
                    var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                    most = Math.Max(most, (allocated - RenderBytes - (BytesOfCharacter * state.Budget.CharactersTaken))
                        / Math.Max(1, state.Budget.StepsTaken));
                }
            });
        output.WriteLine($"{rendered} render; one allocates at most {most} bytes for each of its steps");
        Assert.InRange(most, long.MinValue, BytesOfStep);
    }

    private static string Bend(string source, Random random)
    {
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var at = random.Next(source.Length + 1);
            var splinter = Splinters[random.Next(Splinters.Length)];
            source = random.Next(4) switch
            {
                0 => source.Insert(at, splinter),
                1 => ReplaceWord(source, at, splinter),
                2 => ReplaceWord(source, at, Word(source, random.Next(source.Length + 1))),
                _ => source.Remove(at, Math.Min(random.Next(6), source.Length - at)),
            };
        }
        return source;
    }

    private static string ReplaceWord(string source, int at, string with)
    {
        var word = Word(source, at);
        return word.Length == 0 ? source : source.Remove(at, word.Length).Insert(at, with);
    }

    private static string Word(string source, int at)
    {
        var end = at;
        while (end < source.Length && (char.IsLetterOrDigit(source[end]) || source[end] == '_'))
        {
            end++;
        }
        return source[at..end];
    }
}
