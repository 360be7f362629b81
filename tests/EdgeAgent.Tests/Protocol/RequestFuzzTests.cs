using System.Text.Json;
using EdgeAgent.Protocol;

namespace EdgeAgent.Tests.Protocol;

public sealed class RequestFuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20261122;
    private const int Inputs = 100_000;

    // [P-13] [P-14] [P-26]
    [Fact]
    public void Nothing_but_a_verdict_comes_out_of_a_hundred_thousand_mutated_requests()
    {
        output.WriteLine($"seed {Seed}");
        var mutator = new Mutator(Seed);
        var (objects, accepted) = (0, 0);
        var codes = new HashSet<RefusalCode>();
        for (var i = 0; i < Inputs; i++)
        {
            var payload = mutator.Next();
            objects += IsObject(payload) ? 1 : 0;
            try
            {
                var verdict = Requests.Parse(payload);
                accepted += verdict.Accepted ? 1 : 0;
                AssertWhole(verdict);
                if (verdict.Refusal is { } refusal)
                {
                    codes.Add(refusal.Code);
                }
                Assert.True(CancelParser.Parse(payload) is { Id: null } cancel ? cancel.Refusal is not null : true);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {Seed}, input {i}, {Convert.ToHexString(payload)}: {exception}");
            }
        }
        output.WriteLine($"{100.0 * objects / Inputs:F1} % are valid JSON objects");
        output.WriteLine($"{100.0 * accepted / Inputs:F1} % are accepted");
        output.WriteLine($"codes: {string.Join(", ", codes.Select(code => code.WireName()).Order())}");
        Assert.InRange(objects, Inputs / 3, Inputs);
        Assert.InRange(accepted, Inputs / 20, Inputs);
        Assert.Superset(
            new HashSet<RefusalCode>
            {
                RefusalCode.InvalidField,
                RefusalCode.InvalidJson,
                RefusalCode.InvalidUtf8,
                RefusalCode.MissingPrompt,
                RefusalCode.UnsupportedField,
            },
            codes);
    }

    private static void AssertWhole(RequestVerdict verdict)
    {
        Assert.InRange(verdict.Id.Length, 1, 128);
        Assert.Equal("edgeagent/v1/device/press-7/out/response", verdict.ResponseTopic);
        Assert.InRange(verdict.Unknown.Names.Count, Math.Min(verdict.Unknown.Count, 8), 8);
        Assert.Equal(verdict.Request is null, verdict.Refusal is not null);
        if (verdict.Request is { } request)
        {
            AssertInRange(request);
            return;
        }
        Assert.InRange(verdict.Refusal!.Message.Length, 40, 500);
        Assert.DoesNotContain(verdict.Refusal.Message, char.IsControl);
        var body = Bodies.Write(RefusalBody.Of(verdict.Id, verdict.Refusal));
        Assert.True(Bodies.TryRead(body, out RefusalBody? read) && read.Error.Message == verdict.Refusal.Message);
    }

    private static void AssertInRange(InferenceRequest request)
    {
        Assert.InRange(request.MaxTokens, 1, 4096);
        Assert.InRange(request.Temperature, 0, 2);
        Assert.InRange(request.TopP, 0, 1);
        Assert.InRange(request.TopK, 0, 1_000_000);
        Assert.InRange(request.Seed ?? 0, 0, 9_007_199_254_740_991);
        Assert.InRange(request.Level.Min, 0, request.Level.Max);
        Assert.InRange(request.Level.Max, 0, 63);
        Assert.InRange(request.Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        Assert.InRange(request.Stop.Count, 0, 8);
        Assert.Contains(request.Messages, message => !string.IsNullOrWhiteSpace(message.Content));
    }

    /// <summary>By the library's own judgement, not ours.</summary>
    private static bool IsObject(byte[] payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
