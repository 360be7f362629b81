using System.Runtime.CompilerServices;

namespace EdgeAgent.Inference.Templates;

/// <summary>Counts what a rendering costs, and ends it at the limit.</summary>
/// <remarks>
/// Steps and characters bound the time. Memory is what .NET counts for this thread, so a rendering stays on the one
/// that made its budget; no operation takes much between two looks, because every text has a largest length.
/// </remarks>
internal sealed class RenderBudget
{
    private int _steps = TemplateLimits.Steps;
    private long _characters = TemplateLimits.Characters;
    private readonly long _allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
    private int _depth;

    /// <summary>Steps that were taken so far.</summary>
    public long StepsTaken => TemplateLimits.Steps - _steps;

    /// <summary>Characters that were handled so far.</summary>
    public long CharactersTaken => TemplateLimits.Characters - _characters;

    /// <summary>Takes steps from the budget.</summary>
    public void Steps(long count = 1)
    {
        if (count > _steps)
        {
            throw Exceeded("steps", TemplateLimits.Steps);
        }
        _steps -= (int)count;
        RequireMemory();
    }

    /// <summary>Takes characters from the budget.</summary>
    public void Characters(long count)
    {
        _characters -= count;
        if (_characters < 0)
        {
            throw Exceeded("characters handled", TemplateLimits.Characters);
        }
        RequireMemory();
    }

    /// <summary>A value that is looked up by its hash, for which all of a text is read.</summary>
    public void Key(TemplateValue key) => Characters(key is TextValue text ? text.Text.Length : 1);

    /// <summary>A search for one text in another, which at worst looks at every pair of characters.</summary>
    public void Search(int text, int pattern) => Characters(text * (1L + pattern / 64));

    /// <summary>Goes one evaluation deeper; nobody leaves after a fault, because the rendering is over.</summary>
    public void Enter()
    {
        Steps();
        if (++_depth > TemplateLimits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Exceeded("nested evaluations", Math.Min(_depth - 1, TemplateLimits.Depth));
        }
    }

    /// <summary>Comes back from one.</summary>
    public void Leave() => _depth--;

    /// <summary>Checks the length of a text before it is made.</summary>
    public static void RequireLength(long length)
    {
        if (length > TemplateLimits.TextLength)
        {
            throw Exceeded("characters of a text", TemplateLimits.TextLength);
        }
    }

    /// <summary>Checks the nesting of a value while it is walked.</summary>
    public void RequireValueDepth(int depth)
    {
        Steps();
        if (depth > TemplateLimits.ValueDepth)
        {
            throw Exceeded("nested values", TemplateLimits.ValueDepth);
        }
    }

    private void RequireMemory()
    {
        if (GC.GetAllocatedBytesForCurrentThread() - _allocatedBefore > TemplateLimits.AllocatedBytes)
        {
            throw Exceeded("bytes of memory", TemplateLimits.AllocatedBytes);
        }
    }

    private static TemplateException Exceeded(string what, long limit) => new(
        TemplateFault.LimitExceeded, $"The chat template needs more than {limit} {what}.");
}

/// <summary>The names that are visible at one place of a template.</summary>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, TemplateValue> _values = [];

    public TemplateValue? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out var value))
            {
                return value;
            }
        }
        return null;
    }

    private TemplateScope? Outer => outer;

    public void Set(string name, TemplateValue value) => _values[name] = value;
}

/// <summary>One rendering on its way: names, output so far, budget, clock.</summary>
internal sealed class RenderState
{
    public RenderState(TimeProvider clock)
    {
        Clock = clock;
        Scope = new TemplateScope(outer: null);
        Output = new TextBuilder(this);
    }

    public RenderBudget Budget { get; } = new();

    public TimeProvider Clock { get; }

    public TemplateScope Scope { get; set; }

    public TextBuilder Output { get; set; }

    /// <summary>Runs statements with an output of their own.</summary>
    public TextValue Capture(IReadOnlyList<Statement> body)
    {
        var outer = Output;
        Output = new TextBuilder(this);
        // A break out of a captured block has no loop to end: the parser has refused it.
        Statement.ExecuteAll(body, this);
        var value = Output.ToValue();
        Output = outer;
        return value;
    }
}
