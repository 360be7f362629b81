using EdgeAgent.ModelTools.Import;
using EdgeAgent.ModelTools.Packaging;
using EdgeAgent.Tests.ModelTools.Gguf;

namespace EdgeAgent.Tests.ModelTools;

/// <summary>The licence that a publisher names is in the package's manifest as SPDX writes it.</summary>
public sealed class SourceLicenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("apache-2.0", null, "Apache-2.0")]
    [InlineData(" mit ", null, "MIT")]
    [InlineData("llama3.2", null, "LicenseRef-llama3.2")]
    [InlineData("other", "deepseek license/v1", "LicenseRef-deepseek-license-v1")]
    [InlineData("other", null, null)]
    [InlineData("", "", null)]
    [InlineData(null, null, null)]
    public void A_publishers_name_becomes_an_SPDX_expression(string? identifier, string? name, string? expected) =>
        Assert.Equal(expected, SourceLicence.Spdx(identifier, name));

    [Theory]
    [InlineData("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n", "Apache-2.0")]
    [InlineData("---\r\nlicense: \"other\"\r\nlicense_name: nanom\r\n---\r\n", "LicenseRef-nanom")]
    [InlineData("---\nlanguage: en\n---\nlicense: mit\n", null)]
    [InlineData("# A model\nlicense: mit\n", null)]
    [InlineData("", null)]
    public void A_model_card_names_the_licence_in_its_front_matter_only(string card, string? expected) =>
        Assert.Equal(expected, SourceLicence.OfCard(card));

    [Fact]
    public void The_manifest_has_the_licence_of_the_GGUF_file_unless_the_operator_names_one()
    {
        var source = _folder.File("model.gguf");
        File.WriteAllBytes(source, BentModel.Make("licence"));
        var options = new ImportOptions { Source = source, Output = _folder.File("package") };
        Assert.Equal("Apache-2.0", TinyModel.Import(options).Licence);
        Assert.Equal("MIT", TinyModel.Import(options with { Licence = "MIT" }).Licence);
    }

    [Fact]
    public void The_manifest_has_the_licence_of_the_folders_model_card()
    {
        var source = TinyModel.Write(_folder.File("tiny"), seed: 3);
        File.WriteAllText(Path.Combine(source, "README.md"), "---\nlicense: gemma\n---\n");
        Assert.Equal("LicenseRef-gemma", TinyModel.Import(
            new ImportOptions { Source = source, Output = _folder.File("package") }).Licence);
    }

    public void Dispose() => _folder.Dispose();
}
