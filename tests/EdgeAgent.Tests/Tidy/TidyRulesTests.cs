namespace EdgeAgent.Tests.Tidy;

/// <summary>Feeds each tidy rule a text that breaks it, and one beside it that does not.</summary>
public sealed class TidyRulesTests
{
    private const string Pad = "\n\n\n\n\n\n\n\n\n\n";

    [Theory]
    [InlineData("Sensors", "using EdgeAgent.Serving;\nnamespace EdgeAgent.Sensors;", true)]
    [InlineData("Sensors", "namespace EdgeAgent.Sensors;\nclass A { object B = EdgeAgent.Web.Page.Make(); }", true)]
    [InlineData("Sensors", "namespace EdgeAgent.Sensors;\nclass A { Serving.Lane? b; }", true)]
    [InlineData("Sensors", "using static global::EdgeAgent.Verbs.RunVerb;\nnamespace EdgeAgent.Sensors;", true)]
    [InlineData("Serving", "using Microsoft.ML.OnnxRuntime;\nnamespace EdgeAgent.Serving;", true)]
    [InlineData("Messaging", "using MQTTnet.Client;\nnamespace EdgeAgent.Messaging;", true)]
    [InlineData("Unheard", "namespace EdgeAgent.Unheard;", true)]
    [InlineData("Verbs", "using EdgeAgent.Serving;\nusing EdgeAgent.ModelTools;\nnamespace EdgeAgent.Verbs;", false)]
    [InlineData("Serving", "using EdgeAgent.Hosting;\nusing EdgeAgent.Inference.Sampling;", false)]
    [InlineData("Sensors", "// like EdgeAgent.Serving\nclass A { string B = \"EdgeAgent.Web\"; }", false)]
    public void A_room_that_uses_what_it_may_not_is_found(string room, string text, bool isFault) =>
        Expect(isFault, ImportRules.Uses(new($"src/EdgeAgent/{room}/A.cs", text)));

    [Fact]
    public void A_project_that_uses_what_it_may_not_is_found()
    {
        Expect(true, ImportRules.Uses(new("src/EdgeAgent.Inference/A.cs", "using EdgeAgent.ModelTools;")));
        Expect(false, ImportRules.Uses(new("src/EdgeAgent.Inference/A.cs", "using Microsoft.ML.OnnxRuntime;")));
        Expect(true, ImportRules.Uses(new("src/EdgeAgent/Stray.cs", "namespace EdgeAgent;")));
        const string reference = "<ProjectReference Include=\"../EdgeAgent.Mqtt/EdgeAgent.Mqtt.csproj\" />";
        Expect(true, ImportRules.References(new("src/EdgeAgent.Inference/EdgeAgent.Inference.csproj", reference)));
        Expect(false, ImportRules.References(new("src/EdgeAgent/EdgeAgent.csproj", reference)));
    }

    [Theory]
    [InlineData("namespace EdgeAgent.Serving;", true)]
    [InlineData("class A;", true)]
    [InlineData("namespace EdgeAgent.Inference.Sampling;\nclass A;", false)]
    public void A_namespace_beside_its_folder_is_found(string text, bool isFault) =>
        Expect(isFault, ImportRules.Namespaces(new("src/EdgeAgent.Inference/Sampling/A.cs", text)));

    [Theory]
    [InlineData("src/EdgeAgent/Serving/A.cs", 401, true)]
    [InlineData("src/EdgeAgent/Serving/A.cs", 400, false)]
    [InlineData("src/EdgeAgent/Program.cs", 121, true)]
    [InlineData("docs/decisions/0009-a.md", 61, true)]
    [InlineData("docs/PROTOCOL.md", 1000, false)]
    public void A_file_that_is_too_long_is_found(string path, int lines, bool isFault) =>
        Expect(isFault, ShapeRules.FileLength(new(path, string.Concat(Enumerable.Repeat("a\n", lines)))));

    [Fact]
    public void A_line_that_is_too_long_is_found()
    {
        Expect(true, ShapeRules.LineLength(new("a.cs", "short\n" + new string('a', 121))));
        Expect(false, ShapeRules.LineLength(new("a.cs", new string('a', 120) + "\n")));
    }

    [Fact]
    public void A_method_that_is_too_long_is_found_unless_it_gives_a_reason()
    {
        var pad = string.Concat(Enumerable.Repeat(Pad, 7));
        Expect(true, ShapeRules.MethodLength(new("a.cs", $"class A {{ void B() {{ {pad} }} }}")));
        Expect(true, ShapeRules.MethodLength(new("a.cs", $"class A {{ int B {{ get {{ {pad} return 1; }} }} }}")));
        Expect(false, ShapeRules.MethodLength(new("a.cs", $"class A {{ void B() {{ {Pad} }} }} {pad}")));
        Expect(false, ShapeRules.MethodLength(
            new("a.cs", $"class A {{ void B() {{\n{ShapeRules.LongMethodReason} one table {pad} }} }}")));
    }

    [Theory]
    [InlineData("DateTime.Now", true)]
    [InlineData("System.DateTime.UtcNow", true)]
    [InlineData("DateTimeOffset.UtcNow", true)]
    [InlineData("Thread.Sleep(5)", true)]
    [InlineData("System.Random.Shared.Next()", true)]
    [InlineData("new Random()", true)]
    [InlineData("Environment.Exit(1)", true)]
    [InlineData("Task.Delay(5)", true)]
    [InlineData("Task.Delay(delay, cancellation)", true)]
    [InlineData("Task.Delay(delay, _time, cancellation)", false)]
    [InlineData("Task.Delay(delay, TimeProvider.System)", false)]
    [InlineData("new Random(seed)", false)]
    [InlineData("\"DateTime.Now\"", false)]
    [InlineData("time.GetUtcNow()", false)]
    public void A_banned_call_is_found(string call, bool isFault) =>
        Expect(isFault, CallRules.Banned(new("a.cs", $"class A {{ object B() => {call}; }}")));

    [Theory]
    [InlineData("class LaneManager;", true)]
    [InlineData("record SlotInfo(int A);", true)]
    [InlineData("class A { enum DataKind { } }", true)]
    [InlineData("delegate void BaseHandler();", true)]
    [InlineData("class Base64Reader;", false)]
    [InlineData("class Database;", false)]
    [InlineData("class LaneQueue { int dataCount; }", false)]
    public void A_type_name_that_says_nothing_is_found(string text, bool isFault) =>
        Expect(isFault, NameRules.EmptyWords(new("a.cs", text)));

    [Fact]
    public void A_folder_without_a_subject_is_found()
    {
        Expect(true, NameRules.Folders("src/EdgeAgent/Core/A.cs"));
        Expect(false, NameRules.Folders("src/EdgeAgent/Serving/Core.cs"));
    }

    [Fact]
    public void Another_word_than_the_glossarys_is_found()
    {
        const string text = "| word | means | not |\n|---|---|---|\n"
            + "| *level* | how much | tier, stage |\n| *plan* | a | |\n";
        var glossary = NameRules.Glossary(text);
        Assert.Equal(["level", "plan"], NameRules.GlossaryWords(text).Order());
        Expect(true, NameRules.Synonyms(new("a.cs", "class PruningTier;"), glossary));
        Expect(false, NameRules.Synonyms(new("a.cs", "class PruningLevel;"), glossary));
    }

    [Theory]
    [InlineData("Parse_Ok", true)]
    [InlineData("It_really_Works", true)]
    [InlineData("Test1", true)]
    [InlineData("ParsesThePlan", true)]
    [InlineData("A_plan_without_levels_is_rejected", false)]
    public void A_test_name_that_is_no_sentence_is_found(string name, bool isFault) =>
        Expect(isFault, NameRules.TestNames(new("a.cs", $"class A {{ [Fact] public void {name}() {{ }} }}")));

    [Theory]
    [InlineData("class A;", true)]
    [InlineData("/// <summary></summary>\nclass A;", true)]
    [InlineData("/// <summary>One lane</summary>\nclass A;", true)]
    [InlineData("/// <summary>One lane. It has a queue.</summary>\nclass A;", true)]
    [InlineData("/// <summary>A.</summary>\nclass A { enum B { } }", true)]
    [InlineData("/// <summary>One lane,\n/// with <see cref=\"B\"/> 1.5 of it.</summary>\nclass A;", false)]
    [InlineData("partial class A;", false)]
    public void A_type_without_its_one_sentence_is_found(string text, bool isFault) =>
        Expect(isFault, CommentRules.Summaries(new("src/a.cs", text)));

    [Theory]
    [InlineData("#pragma warning disable CA1000", true)]
    [InlineData("#pragma warning disable CA1000 // the name is the wire's", false)]
    [InlineData("// The name is the wire's.\n#pragma warning disable CA1000", false)]
    public void A_disabled_warning_without_a_reason_is_found(string text, bool isFault) =>
        Expect(isFault, CommentRules.Pragmas(new("a.cs", text)));

    [Fact]
    public void Unfinished_work_is_found()
    {
        Expect(true, CommentRules.Unfinished(new("a.cs", "// TO" + "DO later")));
        Expect(false, CommentRules.Unfinished(new("a.cs", "// what the Todos list holds")));
    }

    [Theory]
    [InlineData("see /wor" + "k/shared/a", true)]
    [InlineData("\"/roo" + "t/.cache\"", true)]
    [InlineData("https://registry.npm" + "js.org/a", true)]
    [InlineData("../work/shared and /usr/bin", false)]
    [InlineData("$tmp/work/a", false)]
    public void A_path_of_one_machine_is_found(string text, bool isFault) =>
        Expect(isFault, CommentRules.MachinePaths(new("a.md", text)));

    [Fact]
    public void A_numbered_rule_that_nobody_enforces_or_tests_is_found()
    {
        var document = new SourceFile("docs/PROTOCOL.md", "- [P-01] A body is an object.\n");
        var source = new SourceFile("src/a.cs", "// P-01: a body is an object");
        var test = new SourceFile("tests/b.cs", "// [P-01]");
        Expect(true, NumberedRules.Uncited(document, [source]));
        Expect(true, NumberedRules.Uncited(document, [test]));
        Expect(false, NumberedRules.Uncited(document, [source, test]));
        Expect(true, NumberedRules.Unknown(new("src/a.cs", "// [P-02]"), [document]));
        Expect(false, NumberedRules.Unknown(test, [document]));
    }

    private static void Expect(bool isFault, IEnumerable<string> faults)
    {
        if (isFault)
        {
            Assert.NotEmpty(faults);
        }
        else
        {
            Assert.Empty(faults);
        }
    }
}
