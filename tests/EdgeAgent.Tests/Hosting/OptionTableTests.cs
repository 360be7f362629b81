using System.Text.Json;
using EdgeAgent.Hosting;

namespace EdgeAgent.Tests.Hosting;

public sealed class OptionTableTests
{
    [Fact]
    public void The_table_of_the_operations_page_is_the_table_of_the_program()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "OPERATIONS.md"));

        Assert.Contains(OptionTable.MarkdownText(), page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_that_the_table_tells_is_the_one_that_holds()
    {
        string[] fromTheMachine =
        [
            "model", "device", "data", "mqtt.response_topics", "mqtt.groups", "mqtt.username", "mqtt.password_file",
            "sensors.gpio",
            "pruning.temperature_limit_celsius", "pruning.power_budget_watts", "pruning.highest_level",
            "pruning.pinned_level", "pruning.classes",
        ];
        var untouched = new AgentOptions { Device = "d", Data = "/d" };
        foreach (var option in OptionTable.All.Where(option => !fromTheMachine.Contains(option.Key)))
        {
            var set = untouched;
            var text = option.Default.Trim('`');
            Assert.Null(option.Set(new RawValue(option.Key, RawKind.Words, text, OptionOrigin.Default, "/"), ref set));
            Assert.Equal(JsonSerializer.Serialize(untouched), JsonSerializer.Serialize(set));
        }
    }

    [Fact]
    public void No_two_options_share_a_key_a_variable_or_a_flag()
    {
        Assert.Distinct(OptionTable.All.Select(option => option.Key));
        Assert.Distinct(OptionTable.All.Select(option => option.Variable));
        Assert.Distinct(OptionTable.All.Select(option => option.Flag).OfType<string>());
    }

    [Fact]
    public void The_help_names_every_key_without_Markdown()
    {
        var help = OptionTable.HelpText();

        Assert.All(OptionTable.All, option => Assert.Contains(option.Key, help, StringComparison.Ordinal));
        Assert.DoesNotContain('`', help);
    }

    [Theory]
    [InlineData("mqtt.ulr", "mqtt.url")]
    [InlineData("serving.que", "serving.queue")]
    [InlineData("temperature", null)]
    public void The_nearest_key_is_suggested_only_where_one_is_near(string typed, string? nearest) =>
        Assert.Equal(nearest, Spelling.Nearest(typed, OptionTable.All.Select(option => option.Key)));
}
