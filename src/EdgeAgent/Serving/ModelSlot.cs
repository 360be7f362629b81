namespace EdgeAgent.Serving;

/// <summary>What other rooms may know of the served model: nothing before it is loaded.</summary>
internal sealed class ModelSlot
{
    private volatile ServedModel? _model;

    public ServedModel? Model => _model;

    public void Set(ServedModel model) => _model = model;

    public void Clear() => _model = null;
}

/// <summary>The model that comes with the program.</summary>
internal static class EmbeddedModel
{
    /// <summary>Beside the program, whatever the working folder is.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "models-lite", "nano");
}
