using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace EdgeAgent.Sensors;

/// <summary>One rail of a power chip; NaN for what the last answer had no line for.</summary>
internal sealed class PowerRail
{
    private readonly byte[] _key;

    public PowerRail(ReadOnlySpan<byte> key)
    {
        _key = key.ToArray();
        // Upper case, digits and underscores only: two rails cannot get one name.
        var name = Encoding.ASCII.GetString(key).ToLowerInvariant();
        (Name, PowerName, VoltageName) = (name, $"pmic_{name}_power", $"pmic_{name}_voltage");
    }

    /// <summary>`vdd_core`.</summary>
    public string Name { get; }

    public string PowerName { get; }

    public string VoltageName { get; }

    public double Amperes { get; set; }

    public double Volts { get; set; }

    /// <summary>Its current was measured in the last answer that could be believed.</summary>
    public bool HasCurrent { get; set; }

    public bool IsKey(ReadOnlySpan<byte> key) => key.SequenceEqual(_key);
}

/// <summary>The rails of a power chip out of the text of `pmic_read_adc`, all of it or nothing.</summary>
/// <remarks>Lines as `3V7_WL_SW_A current(0)=0.12199130A` and `3V7_WL_SW_V volt(8)=3.60605200V`. The numbers in
/// brackets are those of the chip's inputs and differ for the two lines of a rail: the name is what pairs
/// them.</remarks>
internal sealed class PowerRails
{
    /// <summary>A Raspberry Pi 5 has 14.</summary>
    public const int MaxRails = 32;

    private const int MaxName = 24;
    private const int MaxNumber = 20;

    // No exponent, no infinity, no NaN: what the parser of numbers would take besides.
    private static readonly SearchValues<byte> s_decimals = SearchValues.Create("-.0123456789"u8);

    private readonly List<PowerRail> _rails = [];

    /// <summary>In the order in which the firmware named them first.</summary>
    public IReadOnlyList<PowerRail> Rails => _rails;

    /// <summary>Takes one answer; false, and no rail has a value, where one line of it is not understood.</summary>
    public bool TryTake(ReadOnlySpan<byte> text)
    {
        var known = _rails.Count;
        Clear();
        var hasLines = false;
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range].Trim(" \t\r"u8);
            if (line.IsEmpty)
            {
                continue;
            }
            if (!TryTakeLine(line))
            {
                _rails.RemoveRange(known, _rails.Count - known);
                Clear();
                return false;
            }
            hasLines = true;
        }
        if (hasLines)
        {
            _rails.RemoveAll(static rail => double.IsNaN(rail.Amperes) && double.IsNaN(rail.Volts));
            foreach (var rail in _rails)
            {
                rail.HasCurrent = !double.IsNaN(rail.Amperes);
            }
        }
        return hasLines;
    }

    private void Clear()
    {
        foreach (var rail in _rails)
        {
            (rail.Amperes, rail.Volts) = (double.NaN, double.NaN);
        }
    }

    private bool TryTakeLine(ReadOnlySpan<byte> line)
    {
        if (TryValue(line, "_A"u8, "current("u8, (byte)'A', out var key, out var amperes))
        {
            if (Rail(key) is not { } rail || !double.IsNaN(rail.Amperes))
            {
                return false;
            }
            rail.Amperes = amperes;
            return true;
        }
        if (TryValue(line, "_V"u8, "volt("u8, (byte)'V', out key, out var volts))
        {
            if (Rail(key) is not { } rail || !double.IsNaN(rail.Volts))
            {
                return false;
            }
            rail.Volts = volts;
            return true;
        }
        return false;
    }

    private PowerRail? Rail(ReadOnlySpan<byte> key)
    {
        foreach (var rail in _rails)
        {
            if (rail.IsKey(key))
            {
                return rail;
            }
        }
        if (_rails.Count >= MaxRails)
        {
            return null;
        }
        var fresh = new PowerRail(key) { Amperes = double.NaN, Volts = double.NaN };
        _rails.Add(fresh);
        return fresh;
    }

    // NAME, its ending, blanks, the quantity with the number of the input in brackets, `=`, a decimal, its unit.
    private static bool TryValue(
        ReadOnlySpan<byte> line, ReadOnlySpan<byte> ending, ReadOnlySpan<byte> quantity, byte unit,
        out ReadOnlySpan<byte> key, out double value)
    {
        key = default;
        value = double.NaN;
        var blank = line.IndexOf((byte)' ');
        var equals = line.IndexOf((byte)'=');
        if (blank < 0 || equals < blank || line[^1] != unit)
        {
            return false;
        }
        var name = line[..blank];
        var input = line[blank..equals].TrimStart((byte)' ');
        var number = line[(equals + 1)..^1];
        if (!name.EndsWith(ending) || !input.StartsWith(quantity) || input[^1] != (byte)')'
            || !IsInput(input[quantity.Length..^1]))
        {
            return false;
        }
        key = name[..^ending.Length];
        return IsName(key) && number.Length is > 0 and <= MaxNumber
            && number.IndexOfAnyExcept(s_decimals) < 0
            && Utf8Parser.TryParse(number, out value, out var used) && used == number.Length;
    }

    private static bool IsInput(ReadOnlySpan<byte> digits) =>
        digits.Length is > 0 and <= 3 && digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;

    private static bool IsName(ReadOnlySpan<byte> key)
    {
        if (key.Length is 0 or > MaxName)
        {
            return false;
        }
        foreach (var c in key)
        {
            if (c != '_' && !char.IsAsciiDigit((char)c) && !char.IsAsciiLetterUpper((char)c))
            {
                return false;
            }
        }
        return true;
    }
}
