using EdgeAgent.ModelTools.Quantize;

namespace EdgeAgent.ModelTools.Import;

/// <summary>A published model that can become a package: a Hugging Face folder, a GGUF file.</summary>
internal interface IModelSource : IDisposable
{
    /// <summary>Name for the manifest where the operator gives none; the manifest's rules judge it.</summary>
    string Name { get; }

    /// <summary>What the publisher says the licence is, as an SPDX expression; null where nothing is said.</summary>
    string? Licence { get; }

    /// <summary>Whether <see cref="ReadTokenizer"/> gives one; says so without reading it.</summary>
    bool HasTokenizer { get; }

    /// <summary>Some of the weights are quantized already.</summary>
    bool IsQuantized { get; }

    /// <exception cref="ModelToolsException">A value is missing or out of bounds, or the family unknown.</exception>
    DecoderConfig ReadConfig();

    /// <summary>Opens the weights; tensors have the names that Hugging Face gives them.</summary>
    /// <exception cref="ModelToolsException">The weights are missing or break their format.</exception>
    ITensorSource OpenTensors();

    /// <summary>The tokenizer as tokenizer.json; null where the source is weights alone.</summary>
    /// <exception cref="ModelToolsException">The source has one that cannot be read.</exception>
    byte[]? ReadTokenizer();

    /// <summary>How messages become a prompt; null where there is no template, as in base models.</summary>
    /// <exception cref="ModelToolsException">A file that should have it is missing or cannot be read.</exception>
    SourceChat? ReadChatFormat();

    /// <summary>FFN channels of each level and layer; one full level where the source brings no ladder.</summary>
    IReadOnlyList<IReadOnlyList<int>> ReadLevels(DecoderConfig model);
}

/// <summary>The Jinja chat template of a source, and the texts of the tokens that templates refer to.</summary>
/// <param name="Origin">File and field that the template comes from, for errors.</param>
internal sealed record SourceChat(string Origin, string Template, string? BeginToken, string? EndToken);

/// <summary>The weights of a source, one tensor at a time.</summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>Elements of all tensors together.</summary>
    long Elements { get; }

    bool Contains(string name);

    /// <summary>Reads a whole tensor as floats, row-major, and checks its shape.</summary>
    /// <param name="name">As Hugging Face names it, <c>model.layers.0.mlp.up_proj.weight</c>.</param>
    /// <exception cref="ModelToolsException">No such tensor, or another shape.</exception>
    float[] Read(string name, params long[] shape);

    /// <summary>Reads some rows of a matrix as floats; those of large matrices take little memory one by one.</summary>
    /// <param name="shape">Of the whole matrix.</param>
    /// <param name="rows">[count, columns]</param>
    /// <exception cref="ModelToolsException">No such tensor, or another shape.</exception>
    void ReadRows(string name, long[] shape, int first, Span<float> rows) =>
        MatrixParts.CopyRows(Read(name, shape), shape[1], first, rows);

    /// <summary>The tensor as it is quantized already; null where it is not.</summary>
    /// <exception cref="ModelToolsException">No such tensor, or another shape.</exception>
    QuantizedMatrix? ReadKept(string name, params long[] shape) => null;
}
