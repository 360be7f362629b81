namespace EdgeAgent.Hosting;

/// <summary>Finds the known word that somebody who mistyped most likely meant.</summary>
internal static class Spelling
{
    /// <summary>The nearest known word, or null where none is near; words over 64 characters have none.</summary>
    public static string? Nearest(string typed, IEnumerable<string> known)
    {
        if (typed.Length is 0 or > 64)
        {
            return null;
        }
        var best = known
            .Select(word => (Word: word, Distance: Distance(typed, word)))
            .Append((Word: "", Distance: int.MaxValue))
            .MinBy(candidate => candidate.Distance);
        return best.Distance <= Math.Max(1, typed.Length / 3) ? best.Word : null;
    }

    /// <summary>How many letters must be put in, taken out, changed or swapped with a neighbour.</summary>
    /// <remarks>Optimal string alignment, three rows of the classic table.</remarks>
    public static int Distance(string a, string b)
    {
        var beforeLast = new int[b.Length + 1];
        var last = Enumerable.Range(0, b.Length + 1).ToArray();
        var row = new int[b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }
            (beforeLast, last, row) = (last, row, beforeLast);
        }
        return last[b.Length];
    }
}
