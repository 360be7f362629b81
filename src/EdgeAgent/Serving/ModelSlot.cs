namespace EdgeAgent.Serving;

/// <summary>What other rooms may know of the served model: nothing before it is loaded.</summary>
internal sealed class ModelSlot
{
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ServedModel? _model;

    public ServedModel? Model => _model;

    /// <summary>The name of the model that was loaded last.</summary>
    public string Name { get; private set; } = "";

    public void Set(ServedModel model)
    {
        Name = model.Name;
        _model = model;
        _loaded.TrySetResult();
    }

    public void Clear() => _model = null;

    /// <summary>Waits for the model; false when told to stop first.</summary>
    public async Task<bool> LoadedAsync(CancellationToken stop)
    {
        await _loaded.Task.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _loaded.Task.IsCompletedSuccessfully;
    }
}

/// <summary>The model that comes with the program.</summary>
internal static class EmbeddedModel
{
    /// <summary>Beside the program, whatever the working folder is.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "models-lite", "nano");
}
