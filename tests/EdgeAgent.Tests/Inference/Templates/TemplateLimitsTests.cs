using System.Text;
using EdgeAgent.Inference.Templates;

namespace EdgeAgent.Tests.Inference.Templates;

/// <summary>S25: no template runs away, and none reaches what it must not.</summary>
public sealed class TemplateLimitsTests
{
    [Theory]
    [InlineData("{% for i in range(10**9) %}{% endfor %}")]
    [InlineData("{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}")]
    [InlineData("{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}")]
    [InlineData("{% set n=namespace(l=[]) %}{% for i in range(999) %}{% set n.l=[n.l] %}{% endfor %}{{ n.l|tojson }}")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{{ 'x' * 2000000 }}")]
    [InlineData("{{ 'x' * 10**18 }}")]
    [InlineData("{{ [1] * 10**18 }}")]
    [InlineData("{{ ('x' * 100000).replace('x', 'y' * 100) }}")]
    [InlineData("{% set s='a'*10**6 %}{% set p='a'*500000 ~ 'b' %}{% for i in range(9) %}{{ p in s }}{% endfor %}")]
    [InlineData("{% set s = 'a' * 1000000 %}{% for i in range(500) %}{% set t = s.upper() %}{% endfor %}")]
    [InlineData("{% set l = range(40000)|list %}{{ l|sort }}{{ l|join }}{{ l|map('string')|list|length }}")]
    public void A_template_that_runs_away_ends_at_a_limit(string source) => Fails(TemplateFault.LimitExceeded, source);

    [Theory]
    [InlineData("(", ")", 5000)]
    [InlineData("[", "]", 5000)]
    [InlineData("not ", "1", 5000)]
    [InlineData("-", "1", 5000)]
    [InlineData("a.", "a", 5000)]
    [InlineData("1+", "1", 9000)]
    [InlineData("a if b else ", "c", 3000)]
    public void Deep_nesting_ends_in_a_fault_not_in_the_stack(string open, string close, int count)
    {
        var source = "{{ " + Repeat(open, count) + Repeat(close, close is ")" or "]" ? count : 1) + " }}";
        try
        {
            ChatTemplate.Parse(source).Render(TemplateVariables.Of([]), TimeProvider.System);
        }
        catch (TemplateException)
        {
        }
    }

    [Fact]
    public void Deeply_nested_blocks_are_refused() => Fails(
        TemplateFault.LimitExceeded, Repeat("{% if true %}", 500) + Repeat("{% endif %}", 500));

    [Fact]
    public void A_source_above_64_KiB_is_refused() => Fails(TemplateFault.LimitExceeded, new string('x', 65537));

    [Theory]
    [InlineData("{{ ''.__class__.__mro__ }}")]
    [InlineData("{{ raise_exception.__globals__ }}")]
    [InlineData("{{ messages.__init__ }}")]
    [InlineData("{{ messages.append(1) }}")]
    [InlineData("{% include 'x' %}")]
    [InlineData("{% import 'os' as os %}")]
    [InlineData("{{ x | attr('y') }}")]
    public void What_leads_out_of_the_template_is_refused_by_name(string source) =>
        Fails(TemplateFault.Unsupported, source);

    [Theory]
    [InlineData("{{ self }}")]
    [InlineData("{{ cycler }}{{ lipsum }}{{ request }}{{ config }}")]
    public void What_other_hosts_of_Jinja_define_is_not_there(string source) =>
        Assert.Empty(ChatTemplate.Parse(source).Render(TemplateVariables.Of([]), TimeProvider.System));

    [Theory]
    [InlineData("7")]
    [InlineData("[")]
    [InlineData("{\"messages\":\"\\ud800\"}")]
    public void Messages_that_are_no_JSON_of_the_right_form_are_refused(string json)
    {
        var error = Assert.Throws<TemplateException>(() => TemplateVariables.FromJson(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(TemplateFault.Input, error.Fault);
    }

    [Fact]
    public void The_date_comes_from_the_clock_that_is_given()
    {
        var template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y, %H:%M %j %% %q') }}");
        var spans = template.Render(TemplateVariables.Of([]), new FixedClock());
        Assert.Equal("05 Mar 2031, 07:09 064 % %q", ChatPrompt.Text(spans));
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static void Fails(TemplateFault fault, string source)
    {
        var error = Assert.Throws<TemplateException>(
            () => ChatTemplate.Parse(source).Render(TemplateVariables.Of([]), TimeProvider.System));
        Assert.Equal(fault, error.Fault);
    }

    /// <summary>A clock that stands.</summary>
    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2031, 3, 5, 7, 9, 0, TimeSpan.Zero);
    }
}
