using EdgeAgent.Inference;
using EdgeAgent.Inference.Runtime;

namespace EdgeAgent.Serving;

/// <summary>Measures how fast each level is on this board, how much memory it takes and how much energy.</summary>
/// <remarks>
/// The levels take turns, so that heat and other programs hit all of them alike, and the median of the turns counts. A
/// turn does what an answer does: a prompt in chunks, then token after token, each chosen from the logits. Where there
/// is a power sensor, somebody else shows its readings to the meter meanwhile; a turn then lasts until
/// <see cref="LeastReadings"/> of them were taken while tokens came, and none of the turn before counts in it.
/// </remarks>
internal sealed class LevelTuning
{
    /// <summary>As a factory device writes, of at least eight tokens; prompts are made of it.</summary>
    public const string PromptText =
        "Part: bearing 7. Temperature 61.5 C (limit 80), vibration 2.8 mm/s (limit 4.5). ";

    public const int PromptTokens = 128;
    public const int AnswerTokens = 64;
    public const int LeastRounds = 3;

    /// <summary>Readings of power that a measured turn wants while it computes tokens.</summary>
    public const int LeastReadings = 4;

    /// <summary>A measured turn waits no longer for its readings, also where the sensor has gone silent.</summary>
    public static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(10);

    private readonly ServedModel _model;
    private readonly EnergyMeter _energy;
    private readonly TimeProvider _time;
    private readonly int[] _prompt;
    private readonly int _answerTokens;
    private readonly Turns[] _levels;
    private readonly long[] _residentBytes;
    private int _rounds;

    public LevelTuning(ServedModel model, EnergyMeter energy, TimeProvider time)
    {
        (_model, _energy, _time) = (model, energy, time);
        // A context that is too short for both is split two to one.
        var prompt = Math.Min(PromptTokens, model.Engine.Context * 2 / 3);
        _answerTokens = Math.Min(AnswerTokens, model.Engine.Context - prompt);
        var text = string.Concat(Enumerable.Repeat(PromptText, PromptTokens / 8));
        _prompt = [.. model.Package.EncodePrompt([("user", text)]).Take(prompt)];
        _levels = [.. model.Manifest.Levels.Select(_ => new Turns())];
        _residentBytes = new long[_levels.Length];
    }

    public int LevelCount => _levels.Length;

    /// <summary>Opens a level, warms it up and looks at the memory; called once for each, 0 first.</summary>
    public void Open(int level)
    {
        _model.Engine.Open(level);
        Answer(level);
        GC.Collect();
        _residentBytes[level] = Environment.WorkingSet;
    }

    /// <summary>One turn of every level, each of at least this length; zero where power is not measured.</summary>
    /// <param name="stop">Ends the round between two turns.</param>
    public void Round(TimeSpan turn, CancellationToken stop)
    {
        for (var level = 0; level < _levels.Length; level++)
        {
            _energy.ForgetComputing();
            var (start, readings) = (_time.GetTimestamp(), _energy.ComputingReadings);
            do
            {
                stop.ThrowIfCancellationRequested();
                _levels[level].Add(Answer(level));
            }
            while (IsTooShort(turn, _time.GetElapsedTime(start), _energy.ComputingReadings - readings));
        }
        _rounds++;
    }

    private static bool IsTooShort(TimeSpan turn, TimeSpan elapsed, long readings) =>
        elapsed < turn || (turn > TimeSpan.Zero && readings < LeastReadings && elapsed < LongestTurn);

    /// <summary>What came of all rounds.</summary>
    public TunedSpeeds Result() => new()
    {
        Format = TunedSpeeds.CurrentFormat,
        Model = _model.Name,
        PackageSha256 = TunedSpeeds.DigestOf(_model.Package.Path),
        Threads = OrtRuntime.Threads,
        Runtime = OrtRuntime.LibraryVersion.ToString(),
        Time = _time.GetUtcNow().ToUnixTimeMilliseconds(),
        PromptTokens = _prompt.Length,
        AnswerTokens = _answerTokens,
        Rounds = _rounds,
        IdleWatts = Rounded(_energy.Take().IdleWatts),
        Levels = [.. _levels.Select((turns, level) => new TunedLevel
        {
            Level = level,
            DecodeTokensPerSecond = Math.Round((_answerTokens - 1) / Turns.Median(turns.DecodeSeconds), 2),
            PromptTokensPerSecond = Math.Round(_prompt.Length / Turns.Median(turns.PromptSeconds), 2),
            DecodeSpread = Math.Round(Turns.Spread(turns.DecodeSeconds), 4),
            ResidentBytes = _residentBytes[level],
            JoulesPerToken = Rounded(turns.Joules / turns.Tokens),
            JoulesAboveIdlePerToken = Rounded(turns.JoulesAboveIdle / turns.Tokens),
        })],
    };

    /// <summary>One answer of fixed length; nothing ends it early.</summary>
    private Turn Answer(int level)
    {
        var generation = new Generation(_model.Package.Tokenizer, [], _model.Engine.VocabularySize, _prompt,
            _model.Engine.Context, new GenerationOptions { MaximumTokens = _answerTokens });
        var start = _time.GetTimestamp();
        for (var past = 0; past < _prompt.Length;)
        {
            var chunk = PromptChunks.Tokens(
                _model.Speeds.PromptToken(level), PromptChunks.Longest, _model.Engine.ChunkTokens);
            var tokens = _prompt.AsSpan(past, Math.Min(chunk, _prompt.Length - past));
            var began = _time.GetTimestamp();
            _model.Engine.Extend(0, tokens, past, level);
            _model.Speeds.Prefilled(level, tokens.Length, _time.GetElapsedTime(began));
            past += tokens.Length;
        }
        generation.Accept(_model.Engine.Logits(0));
        var prefilled = _time.GetTimestamp();
        var account = _energy.Begin();
        while (generation.End == GenerationEnd.None)
        {
            _model.Engine.Decode([generation.Token], [generation.Length - 1], level);
            generation.Accept(_model.Engine.Logits(0));
        }
        var decode = _time.GetElapsedTime(prefilled);
        var steps = _answerTokens - 1;
        return new Turn(_time.GetElapsedTime(start, prefilled), decode, _energy.End(account, steps), steps);
    }

    private static double? Rounded(double? value) =>
        value is { } number && double.IsFinite(number) ? Math.Round(number, 6) : null;

    /// <summary>What one turn gave.</summary>
    private readonly record struct Turn(TimeSpan Prompt, TimeSpan Decode, EnergyUse? Energy, int Tokens);

    /// <summary>What the turns of one level gave.</summary>
    private sealed class Turns
    {
        public List<double> PromptSeconds { get; } = [];

        public List<double> DecodeSeconds { get; } = [];

        /// <summary>Of the turns whose energy was measured.</summary>
        public double Joules { get; private set; }

        /// <summary>Null while the power of the idle board is not known.</summary>
        public double? JoulesAboveIdle { get; private set; } = 0;

        public int Tokens { get; private set; }

        public void Add(in Turn turn)
        {
            PromptSeconds.Add(turn.Prompt.TotalSeconds);
            DecodeSeconds.Add(turn.Decode.TotalSeconds);
            if (turn.Energy is { } energy)
            {
                Joules += energy.Joules;
                JoulesAboveIdle += energy.JoulesAboveIdle;
                Tokens += turn.Tokens;
            }
        }

        public static double Median(List<double> values)
        {
            var sorted = values.Order().ToList();
            return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
        }

        /// <summary>The middle half of the values, relative to the median.</summary>
        public static double Spread(List<double> values)
        {
            var sorted = values.Order().ToList();
            return (sorted[sorted.Count * 3 / 4] - sorted[sorted.Count / 4]) / Median(values);
        }
    }
}
