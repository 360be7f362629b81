using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAgent.Tests.Tidy;

/// <summary>Calls that read a clock or chance that nobody gave, or end the process behind its owner's back.</summary>
internal static class CallRules
{
    private const string GivenClock = "take a TimeProvider";

    private static readonly Dictionary<string, string> s_members = new()
    {
        ["DateTime.Now"] = GivenClock,
        ["DateTime.UtcNow"] = GivenClock,
        ["DateTime.Today"] = GivenClock,
        ["DateTimeOffset.Now"] = GivenClock,
        ["DateTimeOffset.UtcNow"] = GivenClock,
        ["Thread.Sleep"] = "await a condition or wait on a handle with a timeout",
        ["Random.Shared"] = "take a seed",
        ["Environment.Exit"] = "return an exit code",
    };

    public static IEnumerable<string> Banned(SourceFile file)
    {
        foreach (var access in file.Syntax.DescendantNodes().OfType<MemberAccessExpressionSyntax>())
        {
            var call = $"{LastName(access.Expression)}.{access.Name.Identifier.Text}";
            if (s_members.TryGetValue(call, out var instead))
            {
                yield return file.Fault(access, $"{call} is banned: {instead}");
            }
            else if (call == "Task.Delay" && access.Parent is InvocationExpressionSyntax delay && !HasClock(delay))
            {
                yield return file.Fault(access, $"Task.Delay without a TimeProvider is banned: {GivenClock}");
            }
        }
        foreach (var made in file.Syntax.DescendantNodes().OfType<ObjectCreationExpressionSyntax>())
        {
            if (made.Type.ToString() == "Random" && made.ArgumentList is not { Arguments.Count: > 0 })
            {
                yield return file.Fault(made, "new Random() is banned: take a seed");
            }
        }
    }

    /// <summary>Task.Delay(delay, time, …): by syntax alone, the second argument must be named like a clock.</summary>
    private static bool HasClock(InvocationExpressionSyntax delay)
    {
        if (delay.ArgumentList.Arguments is not [_, var second, ..])
        {
            return false;
        }
        var text = second.Expression.ToString();
        return text.Contains("time", StringComparison.OrdinalIgnoreCase)
            || text.Contains("clock", StringComparison.OrdinalIgnoreCase);
    }

    private static string LastName(ExpressionSyntax expression) => expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        _ => expression.ToString(),
    };
}
