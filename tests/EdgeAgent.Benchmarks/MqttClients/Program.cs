using System.Diagnostics;
using System.Globalization;
using System.Text;
using MqttClientComparison;
using MQTTnet;
using MQTTnet.Protocol;

// respond|drain|crash LIBRARY PORT [COUNT]              the client under test: mqttnet, ours (EdgeAgent.Mqtt),
// libmosquitto
// ask PORT COUNT                                        the requester of both, always MQTTnet
// start LIBRARY|none PORT                               time from process start to subscribed, and resident memory
var mode = args[0];
var port = int.Parse(args[mode == "ask" ? 1 : 2], CultureInfo.InvariantCulture);
if (mode == "ask")
{
    await AskAsync(port, int.Parse(args[2], CultureInfo.InvariantCulture));
    return;
}
var library = args[1];
var count = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 0;
long got = 0, first = 0, last = 0, wrongOrder = 0, next = 0, batches = 0;
var finished = false;

List<byte[]> Handle(List<byte[]> batch)
{
    first = first == 0 ? Stopwatch.GetTimestamp() : first;
    last = Stopwatch.GetTimestamp();
    batches++;
    got += batch.Count;
    if (mode == "respond")
    {
        return [.. batch];
    }
    foreach (var body in batch)
    {
        var number = long.Parse(Encoding.UTF8.GetString(body).Split(' ')[0], CultureInfo.InvariantCulture);
        wrongOrder += number == next ? 0 : 1;
        next = number + 1;
    }
    finished = got >= count;
    if (mode == "crash" && got >= count)
    {
        Console.WriteLine($"crash: {got} received from 0 to {next - 1}, none acknowledged of the last {batch.Count}");
        Process.GetCurrentProcess().Kill();
    }
    return [];
}

void Subscribed()
{
    if (mode == "start")
    {
        var began = Process.GetCurrentProcess().StartTime;
        var took = TimeProvider.System.GetLocalNow() - began;
        var lines = File.ReadAllLines("/proc/self/status");
        var resident = lines.First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
        Console.WriteLine($"{library}: {took.TotalMilliseconds:F0} ms to subscribed, {resident}");
        finished = true;
    }
}

if (library == "mqttnet")
{
    await Packaged.RunAsync(port, "tested", Handle, Subscribed, () => finished);
}
else if (library == "ours")
{
    await Ours.RunAsync(port, "tested", Handle, Subscribed, () => finished);
}
else if (library == "libmosquitto")
{
    Mosquitto.Run(port, "tested", Handle, Subscribed, () => finished);
}
else
{
    Subscribed();
}
if (mode is "drain" or "crash")
{
    var seconds = Stopwatch.GetElapsedTime(first, last).TotalSeconds;
    var cpu = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;
    Console.WriteLine($"{library}: {got} in {seconds:F2} s = {got / seconds:F0}/s, {batches} batches, "
        + $"out of order {wrongOrder}, cpu {cpu:F2} s");
}

static async Task AskAsync(int port, int count)
{
    using var client = new MqttClientFactory().CreateMqttClient();
    var answered = new SemaphoreSlim(0);
    client.ApplicationMessageReceivedAsync += _ =>
    {
        answered.Release();
        return Task.CompletedTask;
    };
    await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).Build());
    await client.SubscribeAsync("res", MqttQualityOfServiceLevel.AtLeastOnce);
    var body = new byte[200];
    var times = new double[count];
    for (var i = -200; i < count; i++)
    {
        var began = Stopwatch.GetTimestamp();
        var sent = client.PublishBinaryAsync("req/a", body, MqttQualityOfServiceLevel.AtLeastOnce);
        await answered.WaitAsync();
        times[Math.Max(i, 0)] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        await sent;
    }
    Array.Sort(times);
    Console.WriteLine($"round trip p50 {times[count / 2]:F3} ms, p99 {times[count * 99 / 100]:F3} ms of {count}");
}
