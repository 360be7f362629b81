using System.Text;
using System.Text.Json;

namespace EdgeAgent.Tests;

/// <summary>Feeds bent inputs to a parser, which takes or refuses each within the memory that is declared for it.
/// </summary>
/// <typeparam name="TFault">The one exception that the parser declares.</typeparam>
/// <remarks>The variable EDGE_AGENT_FUZZ says how many inputs instead of 100,000.</remarks>
internal sealed class FuzzLoop<TFault>(int seed, ITestOutputHelper output)
    where TFault : Exception
{
    private const int OrdinaryInputs = 100_000;

    /// <summary>What reading an input may allocate whatever its size.</summary>
    public required long BudgetBytes { get; init; }

    /// <summary>What it may allocate besides for each byte of the input.</summary>
    public required long BudgetOfByte { get; init; }

    /// <summary>Whether an input passes the header, so that what comes after is tried; null: if it is taken.</summary>
    public Func<byte[], bool>? PassesHeader { get; init; }

    /// <summary>Tests that share the inputs of one parser.</summary>
    public int Shares { get; init; } = 1;

    private int Inputs { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("EDGE_AGENT_FUZZ"), out var more) ? more : OrdinaryInputs;

    /// <summary>Runs all inputs; the honest ones come first, and are taken.</summary>
    /// <param name="use">Looks at what was read, and may be refused as reading is.</param>
    /// <param name="refused">Looks at the refusal.</param>
    public void Run<T>(IReadOnlyList<byte[]> honest, Func<byte[], Random, byte[]> bend, Func<byte[], T> read,
        Action<T, Random>? use = null, Action<TFault>? refused = null) =>
        Run(honest, bend, read, PassesHeader, use, refused);

    /// <summary>Runs all inputs made of one JSON text; those that are JSON pass the header.</summary>
    /// <param name="mostChanges">Of one input, before bytes are damaged.</param>
    public void RunJson<T>(string honest, int mostChanges, Func<byte[], T> read,
        Action<T, Random>? use = null, Action<TFault>? refused = null)
    {
        var mutator = new JsonMutator(seed, honest, mostChanges);
        Run([Encoding.UTF8.GetBytes(honest)], (_, _) => mutator.Next(), read, IsJson, use, refused);
    }

    private void Run<T>(IReadOnlyList<byte[]> honest, Func<byte[], Random, byte[]> bend, Func<byte[], T> read,
        Func<byte[], bool>? passesHeader, Action<T, Random>? use, Action<TFault>? refused)
    {
        var random = new Random(seed);
        foreach (var input in honest)
        {
            _ = read(input);
        }
        var (passed, taken, most) = (0, 0, 0L);
        var inputs = Inputs / Shares;
        for (var i = 0; i < inputs; i++)
        {
            var input = bend(honest[random.Next(honest.Count)], random);
            passed += passesHeader?.Invoke(input) == true ? 1 : 0;
            try
            {
                most = Math.Max(most, Beyond(input, read, out var result));
                taken++;
                use?.Invoke(result, random);
            }
            catch (TFault error)
            {
                refused?.Invoke(error);
            }
            catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
            {
                Assert.Fail($"seed {seed}, input {i}: {error}\n{Convert.ToBase64String(input)}");
            }
        }
        passed = passesHeader is null ? taken : passed;
        output.WriteLine($"seed {seed}: {inputs} inputs, {100.0 * passed / inputs:0.0} % pass the header, "
            + $"{100.0 * taken / inputs:0.0} % are taken; what was taken allocated at most {most} bytes of "
            + $"{BudgetBytes}, and {BudgetOfByte} for each byte of its input");
        Assert.True(passed >= inputs / 3, $"only {passed} of {inputs} inputs pass the header");
    }

    /// <summary>Reads an input; what it allocated beyond its share for each byte must be within the budget.</summary>
    /// <remarks>Tables that .NET makes once are not the input's: the second reading does without.</remarks>
    private long Beyond<T>(byte[] input, Func<byte[], T> read, out T result)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isOver = false;
            try
            {
                result = read(input);
                var beyond = Measure();
                if (!isOver)
                {
                    return beyond;
                }
            }
            catch (TFault)
            {
                Measure();
                if (!isOver)
                {
                    throw;
                }
            }

            long Measure()
            {
                var beyond = GC.GetAllocatedBytesForCurrentThread() - before - (BudgetOfByte * input.Length);
                isOver = beyond > BudgetBytes;
                Assert.True(!isOver || isFirst, $"seed {seed}: {input.Length} bytes made it allocate {beyond} beyond "
                    + $"{BudgetOfByte} for each; the budget is {BudgetBytes}\n{Convert.ToBase64String(input)}");
                return beyond;
            }
        }
    }

    /// <summary>By the library's own judgement, not ours.</summary>
    public static bool IsJson(byte[] input)
    {
        try
        {
            using var document = JsonDocument.Parse(input);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
