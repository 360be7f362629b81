using EdgeAgent.Inference.Templates;

namespace EdgeAgent.Tests.Inference.Templates;

/// <summary>S25: what a hostile publisher writes ends within the limits of time, stack and memory.</summary>
public sealed class TemplateAttackTests(ITestOutputHelper output)
{
    /// <summary>What one operation may take between two looks at the memory, on texts of the largest length.</summary>
    private const long OneOperation = 64L << 20;

    private const string Long = "{% set s = 'ab' * 1000 * 500 %}{% set t = s[:-1] %}";
    private const string Dict = "{% set d = {'a': 1} %}";
    private const string Mixed = "{% set s = ('a' ~ messages[0].content) * 200 * 200 %}";
    private const string Digits = "{% set s = '1' * 1000 * 1000 %}";
    private const string Circle = "{% set n = namespace(l=[]) %}{% set n.x = n %}{% set p = 'x.' * 400 * 1000 ~ 'x' %}";

    private static readonly string s_wide = "{% set d = {"
        + string.Join(", ", Enumerable.Range(0, 400).Select(i => $"{i}: 1")) + "} %}";

    /// <summary>A setting, and an expression whose values all stay reachable, so that none can be collected.
    /// </summary>
    public static TheoryData<string, string> Kept => new()
    {
        { Long, "s.removeprefix('a')" },
        { Long, "s.removesuffix('b')" },
        { Long, "s[1:]" },
        { Long, "s ~ ''" },
        { Long, "s.strip('a')" },
        { Long, "s.partition('ba')" },
        { Long, "s.rsplit('a', 1)" },
        { Long, "s|replace('abab', 'c')|title" },
        { Long, "[1][s]" },
        { Long, "[s]|string" },
        { Long, "'%s' % s" },
        { Long, "s|tojson" },
        { Long, "[s]|map('upper')|list" },
        { Mixed, "s ~ 'b'" },
        { Mixed, "s|upper ~ s" },
        { "", "range(900)" },
        { "", "range(900)|map('string')|list" },
        { "{% set f = '%%' * 400 * 100 %}", "f % ()" },
        { "{% set f = '%F' * 400 * 100 %}", "strftime_now(f)" },
        { "{% set f = 'x' * 600 * 500 %}", "[[1]]|tojson(indent=f)" },
        { s_wide, "d.keys()" },
        { s_wide, "d.values()" },
        { "", "namespace(a=[1] * 500)" },
    };

    /// <summary>A setting, and an expression that only takes time.</summary>
    public static TheoryData<string, string> Repeated => new()
    {
        { Long, "s.startswith(t)" },
        { Long, "s.endswith(s[1:])" },
        { Long, "s.isalpha()" },
        { Long, "s.isupper()" },
        { Long, "s is lower" },
        { Long, "s is sameas(t ~ 'b')" },
        { Long, "s == t ~ 'b'" },
        { Long + Dict, "d[s]" },
        { Long + Dict, "d.get(s)" },
        { Long + Dict, "s in d" },
        { Long, "{s: 1}" },
        { Long, "s.find('bb')" },
        { Long, "s.count('bb')" },
        { Digits, "s|int" },
        { Digits, "s|float" },
        { Circle, "[n]|map(attribute=p)|list" },
        { Circle, "[n]|selectattr(p)|list" },
        { Circle, "[n]|sort(attribute=p)" },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public void What_a_template_keeps_ends_at_a_limit(string setting, string expression) => EndsAtALimit(
        setting + "{% set k = namespace(l=[]) %}{% for i in range(9000) %}{% set k.l = [k.l, " + expression
        + "] %}{% endfor %}");

    [Theory]
    [MemberData(nameof(Repeated))]
    public void What_a_template_repeats_ends_at_a_limit(string setting, string expression) => EndsAtALimit(
        setting + "{% for i in range(20000) %}{% set x = " + expression + " %}{% endfor %}");

    [Theory]
    [InlineData(Long + "{{ ([s] * 30000) | sort | length }}")]
    [InlineData(Long + "{{ ([s] * 30000) | unique | list | length }}")]
    [InlineData(Long + "{{ ([s] * 30000) | max | length }}")]
    [InlineData(Long + "{{ range(40000) | join(s) }}")]
    [InlineData(Long + "{{ s.split('a') | length }}")]
    [InlineData("{{ ('a\n' * 500 * 1000).splitlines() | length }}")]
    [InlineData("{{ ('a ' * 500 * 1000).split() | length }}")]
    [InlineData("{{ [['\\x01' * 1000 * 1000]] | string | length }}")]
    [InlineData("{{ ['\\x01' * 1000 * 1000] | tojson | length }}")]
    [InlineData("{{ [1, 2, 3] | tojson(separators=['x' * 900 * 1000, '']) }}")]
    [InlineData("{{ 'x' * 2000000 }}")]
    [InlineData("{{ [0] * 10**9 }}")]
    [InlineData("{{ range(10**18) }}")]
    [InlineData("{% for a in range(99) %}{% for b in range(99) %}{% for c in range(99) %}{% endfor %}{% endfor %}"
        + "{% endfor %}")]
    [InlineData("{% macro f(x) %}{{ f([x, x]) }}{% endmacro %}{{ f(1) }}")]
    [InlineData("{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}"
        + "{% endmacro %}{{ g() }}")]
    [InlineData("{% set l = namespace(v=[1]) %}{% for i in range(60) %}{% set l.v = [l.v, l.v] %}{% endfor %}"
        + "{{ l.v == l.v }}{{ l.v }}")]
    public void A_single_use_ends_at_a_limit(string source) => EndsAtALimit(source);

    /// <summary>Doubles of these whole numbers have one and the same hash in .NET: the upper half of their bits with
    /// the lower one.</summary>
    [Fact]
    public void Numbers_that_are_made_to_collide_do_not()
    {
        const long first = (1L << 52) + 0x43300000;
        const long step = (1L << 32) + 1;
        var numbers = Enumerable.Range(0, 10_000).Select(i => first + (i * step)).ToList();
        Assert.Single(numbers.Select(number => ((double)number).GetHashCode()).Distinct());

        var hashes = numbers.Select(number => KeyComparer.Instance.GetHashCode(new IntValue(number))).Distinct();

        Assert.InRange(hashes.Count(), 9_900, 10_000);
        Assert.Equal("3", Text("{{ [0, -0.0, 1, true, 1.0, 0.5] | unique | list | length }}"));
    }

    [Fact]
    public void Numbers_without_an_order_are_sorted_or_refused()
    {
        const int seed = 31;
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var items = Enumerable.Range(0, 60).Select(_ => random.Next(2) == 0
                ? $"{(1L << 53) + random.Next(6)}" : $"900719925474099{random.Next(2, 8)}.0");
            try
            {
                Text($"{{{{ [{string.Join(", ", items)}] | sort | length }}}}");
            }
            catch (TemplateException error)
            {
                Assert.Equal(TemplateFault.WrongType, error.Fault);
            }
        }
    }

    [Fact]
    public void A_name_above_its_length_is_refused() =>
        Assert.Contains("a name has 257 characters; the limit is 256",
            Assert.Throws<TemplateException>(() => ChatTemplate.Parse($"{{{{ {new string('a', 257)} }}}}")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ raise_exception('x' * 900 * 1000) }}")]
    [InlineData("{{ [1] | map('x' * 900 * 1000) }}")]
    [InlineData("{{ [1]['x' * 900 * 1000].y }}")]
    public void An_error_quotes_no_long_text(string source) =>
        Assert.InRange(Assert.Throws<TemplateException>(() => Text(source)).Message.Length, 1, 1001);

    [Fact]
    public void Texts_side_by_side_take_memory_by_their_length()
    {
        var source = $"{{{{ {string.Concat(Enumerable.Repeat("'a' ", 16_000))}}}}}";
        ChatTemplate.Parse(source);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ChatTemplate.Parse(source);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256L * source.Length);
    }

    /// <summary>Threads may have far smaller stacks than the first one, and a stack that ends takes the process
    /// along.</summary>
    [Theory]
    [InlineData("{% macro f(x) %}{{ f([x, x]) }}{% endmacro %}{{ f(1) }}")]
    [InlineData("{% macro f() %}{% for i in [1] %}{% if true %}{% set x %}{{ f() }}{% endset %}{{ x }}{% endif %}"
        + "{% endfor %}{% endmacro %}{{ f() }}")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for i in range(999) %}{% set n.l = [n.l] %}{% endfor %}"
        + "{{ n.l | map('map', 'map', 'map', 'map', 'list') | list }}{{ n.l }}")]
    public void Depth_ends_before_the_stack_does(string source)
    {
        Exception? thrown = null;
        var thread = new Thread(
            () => thrown = Record.Exception(() => Text(source)), maxStackSize: 192 << 10);
        thread.Start();
        thread.Join();
        Assert.Equal(TemplateFault.LimitExceeded, Assert.IsType<TemplateException>(thrown).Fault);
    }

    private void EndsAtALimit(string source)
    {
        var template = ChatTemplate.Parse(source);
        var variables = TemplateVariables.Of([new TemplateMessage("user", "x")]);
        var state = new RenderState(TimeProvider.System);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = Assert.Throws<TemplateException>(() => template.Render(variables, state));

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine($"{error.Message} {state.Budget.StepsTaken} steps, {state.Budget.CharactersTaken} "
            + $"characters, {allocated} bytes");
        Assert.Equal(TemplateFault.LimitExceeded, error.Fault);
        Assert.InRange(allocated, 0, TemplateLimits.AllocatedBytes + OneOperation);
    }

    private static string Text(string source) =>
        ChatPrompt.Text(ChatTemplate.Parse(source).Render(TemplateVariables.Of([]), TimeProvider.System));
}
