using System.Net.Sockets;
using System.Text.Json;

namespace EdgeAgent.Diagnosis;

/// <summary>What came of asking a running agent: its status, or why there is none.</summary>
/// <param name="Json">The document as it came.</param>
internal sealed record StatusVerdict(byte[]? Json, AgentStatus? Status, string? Fault);

/// <summary>Asks the agent that runs on this machine how it is doing.</summary>
internal static class StatusQuery
{
    /// <summary>A status has 3 KB.</summary>
    public const int MaximumBytes = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Asks at the first path where somebody answers.</summary>
    public static async Task<StatusVerdict> AskAsync(
        IReadOnlyList<string> paths, TimeProvider time, CancellationToken stop)
    {
        var faults = new List<string>();
        foreach (var path in paths)
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
                await using var timer = time.CreateTimer(
                    state => ((CancellationTokenSource)state!).Cancel(), patience, Patience, Timeout.InfiniteTimeSpan);
                var json = await ReadAsync(path, patience.Token);
                var status = JsonSerializer.Deserialize(json, AgentStatusContext.Default.AgentStatus);
                return status is null ? throw new JsonException("no object") : new StatusVerdict(json, status, null);
            }
            catch (SocketException e)
            {
                faults.Add($"  {path}: {Why(path, e)}");
            }
            catch (Exception e) when (e is JsonException or IOException or ArgumentOutOfRangeException)
            {
                faults.Add($"  {path}: what answers there is no agent of this version ({e.Message})");
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                faults.Add($"  {path}: no answer within {Patience.TotalSeconds:0} s");
            }
        }
        return new StatusVerdict(null, null,
            $"No agent answers on this machine:\n{string.Join('\n', faults)}\n"
            + "Start one: systemctl start edge-agent, or edge-agent run. One with its state elsewhere: --data DIR.");
    }

    private static string Why(string path, SocketException error) => error.SocketErrorCode switch
    {
        _ when !Path.Exists(path) => "not there",
        SocketError.AccessDenied => "you may not connect; run it as root, or join the group edge-agent",
        SocketError.ConnectionRefused => "left by an agent that runs no more",
        _ => error.Message,
    };

    private static async Task<byte[]> ReadAsync(string path, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
        var bytes = new MemoryStream();
        var part = new byte[16 * 1024];
        while (await socket.ReceiveAsync(part, stop) is > 0 and var count)
        {
            bytes.Write(part, 0, count);
            if (bytes.Length > MaximumBytes)
            {
                throw new IOException($"more than {MaximumBytes} bytes");
            }
        }
        return bytes.ToArray();
    }
}
