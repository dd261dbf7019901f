using System.IO.Pipelines;
using System.Text.Json;
using McpPlatform.McpService.BuiltIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using McpPlatform.ServiceDefaults.Outbound;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.Tests.BuiltIn;

/// <summary>A built-in server, set up as the service does it, and the SDK's client at the other end of two pipes.</summary>
internal sealed class BuiltInSession : IAsyncDisposable
{
    public const string Modern = "2026-07-28", Legacy = "2025-11-25";

    private readonly WebApplication services;
    private readonly McpServer server;
    private readonly CancellationTokenSource stop;
    private readonly Task running;

    private BuiltInSession(WebApplication services, McpServer server, McpClient client, CancellationTokenSource stop, Task running)
    {
        (this.services, this.server, Client, this.stop, this.running) = (services, server, client, stop, running);
    }

    public McpClient Client { get; }

    public static WebApplication Services(Dictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        builder.AddOutboundGuard();
        builder.Services.AddBuiltInServers();
        return builder.Build();
    }

    public static async Task<BuiltInSession> StartAsync(string name, Dictionary<string, string?> settings, string era = Modern, string? accessToken = null)
    {
        var services = Services(settings);
        var found = services.Services.GetRequiredService<BuiltInServers>().Find(name)!;
        var (up, down) = (new Pipe(), new Pipe());
        var stop = new CancellationTokenSource();
        var server = McpServer.Create(
            new StreamServerTransport(up.Reader.AsStream(), down.Writer.AsStream(), name), found.CreateOptions(new(Guid.CreateVersion7(), accessToken)), serviceProvider: services.Services);
        var running = server.RunAsync(stop.Token);
        var client = await McpClient.CreateAsync(
            new StreamClientTransport(up.Writer.AsStream(), down.Reader.AsStream()), new() { ProtocolVersion = era }, cancellationToken: TestContext.Current.CancellationToken);
        return new(services, server, client, stop, running);
    }

    public async Task<JsonElement> CallAsync(string tool, object arguments)
    {
        var result = await SendAsync(tool, arguments);
        Assert.False(result.IsError == true, string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text)));
        return result.StructuredContent!.Value;
    }

    public async Task<string> RefusedAsync(string tool, object arguments)
    {
        var result = await SendAsync(tool, arguments);
        Assert.True(result.IsError);
        return Text(result);
    }

    public async Task<CallToolResult> SendAsync(string tool, object arguments, IProgress<ModelContextProtocol.ProgressNotificationValue>? progress = null) =>
        await Client.CallToolAsync(
            tool, JsonSerializer.SerializeToElement(arguments).EnumerateObject().ToDictionary(x => x.Name, object? (x) => x.Value, StringComparer.Ordinal), progress,
            cancellationToken: TestContext.Current.CancellationToken);

    public static string Text(CallToolResult result) => Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await server.DisposeAsync();
        stop.Dispose();
        await services.DisposeAsync();
    }
}
