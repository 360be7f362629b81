using EdgeAgent.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeAgent.Tests.Hosting;

public sealed class AgentHostTests
{
    [Fact]
    public async Task A_worker_that_fails_ends_the_agent_with_1() =>
        Assert.Equal(ExitCodes.Failed, await RunAsync(_ => throw new InvalidOperationException("broken")));

    [Fact]
    public async Task A_stop_on_request_ends_with_0() =>
        Assert.Equal(ExitCodes.Done, await RunAsync(lifetime => lifetime.StopApplication()));

    [Fact]
    public void The_host_reads_no_configuration_but_ours()
    {
        var builder = Builder();

        Assert.Empty(builder.Configuration.AsEnumerable());
    }

    private static HostApplicationBuilder Builder() => AgentHost.CreateBuilder(
        new AgentOptions { Device = "d", Data = "/nonexistent", LogLevel = LogLevel.None },
        isJson: false,
        TimeProvider.System);

    private static async Task<int> RunAsync(Action<IHostApplicationLifetime> work)
    {
        var builder = Builder();
        builder.Services.AddHostedService(services =>
            new OneAct(() => work(services.GetRequiredService<IHostApplicationLifetime>())));
        return await AgentHost.RunAsync(builder.Build());
    }

    private sealed class OneAct(Action work) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            work();
        }
    }
}
