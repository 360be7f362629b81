using EdgeAgent.Tests.Tidy;

namespace EdgeAgent.Tests;

/// <summary>The repository keeps its own rules (STYLE); Tidy/TidyRulesTests proves that each rule can fail.</summary>
public sealed class TidyTests
{
    private const string OurWords = "package manifest slot slice sequence level plan reading snapshot lane inbox "
        + "outbox order trial session conversation";

    private static readonly string[] s_ruleDocuments = ["docs/PROTOCOL.md", "docs/UPDATES.md"];

    [Fact]
    public void Projects_reference_only_what_they_may_use() => AssertNone(Checkout.Texts
        .Where(file => file.IsIn("src") && file.Path.EndsWith(".csproj", StringComparison.Ordinal))
        .SelectMany(ImportRules.References));

    [Fact]
    public void Rooms_use_only_what_they_may_use() => AssertNone(Checkout.Sources.SelectMany(ImportRules.Uses));

    [Fact]
    public void A_namespace_is_the_folder_of_its_file() =>
        AssertNone(Checkout.Sources.SelectMany(ImportRules.Namespaces));

    [Fact]
    public void A_file_stays_within_its_length() => AssertNone(Checkout.Texts.SelectMany(ShapeRules.FileLength));

    [Fact]
    public void A_line_stays_within_its_length() => AssertNone(Checkout.Texts
        .Where(file => file.IsCSharp || file.Text.StartsWith("#!/", StringComparison.Ordinal))
        .SelectMany(ShapeRules.LineLength));

    [Fact]
    public void A_method_stays_within_its_length() => AssertNone(Checkout.CSharp.SelectMany(ShapeRules.MethodLength));

    [Fact]
    public void Time_and_chance_are_parameters() => AssertNone(Checkout.CSharp.SelectMany(CallRules.Banned));

    [Fact]
    public void A_type_name_says_what_the_type_is_for() =>
        AssertNone(Checkout.CSharp.SelectMany(NameRules.EmptyWords));

    [Fact]
    public void A_folder_has_a_subject() => AssertNone(Checkout.Paths.SelectMany(NameRules.Folders));

    [Fact]
    public void A_type_name_uses_the_word_of_the_glossary() => AssertNone(Checkout.Sources
        .SelectMany(file => NameRules.Synonyms(file, NameRules.Glossary(Architecture))));

    [Fact]
    public void The_glossary_explains_every_word_of_ours() => AssertNone(
        OurWords.Split(' ').Except(NameRules.GlossaryWords(Architecture))
            .Select(word => $"docs/ARCHITECTURE.md: the glossary does not explain '{word}'"));

    [Fact]
    public void A_test_name_is_a_rule_in_a_sentence() => AssertNone(Checkout.CSharp
        .Where(file => file.IsIn("tests")).SelectMany(NameRules.TestNames));

    [Fact]
    public void Every_type_says_what_it_is_for() => AssertNone(Checkout.CSharp.SelectMany(CommentRules.Summaries));

    [Fact]
    public void A_disabled_warning_has_a_reason() => AssertNone(Checkout.CSharp.SelectMany(CommentRules.Pragmas));

    [Fact]
    public void Nothing_is_left_unfinished() => AssertNone(Checkout.Texts.SelectMany(CommentRules.Unfinished));

    [Fact]
    public void Nothing_names_one_machine_or_a_registry_host() =>
        AssertNone(Checkout.Texts.SelectMany(CommentRules.MachinePaths));

    [Fact]
    public void Every_numbered_rule_is_enforced_and_tested()
    {
        var code = Checkout.CSharp.Where(file => !file.IsIn("tests/EdgeAgent.Tests/Tidy")).ToList();
        AssertNone(RuleDocuments.SelectMany(document => NumberedRules.Uncited(document, code)));
    }

    [Fact]
    public void Every_cited_rule_number_exists() => AssertNone(Checkout.CSharp
        .Where(file => !file.IsIn("tests/EdgeAgent.Tests/Tidy"))
        .SelectMany(file => NumberedRules.Unknown(file, RuleDocuments)));

    private static string Architecture =>
        Checkout.Find("docs/ARCHITECTURE.md")?.Text ?? throw new FileNotFoundException("docs/ARCHITECTURE.md");

    private static List<SourceFile> RuleDocuments => [.. Checkout.Texts.Where(f => s_ruleDocuments.Contains(f.Path))];

    private static void AssertNone(IEnumerable<string> faults)
    {
        var list = faults.ToList();
        if (list.Count > 0)
        {
            Assert.Fail($"{list.Count} found:\n  {string.Join("\n  ", list)}\n");
        }
    }
}
