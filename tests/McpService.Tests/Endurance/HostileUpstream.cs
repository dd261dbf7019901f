using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.Endurance;

/// <summary>A server of 2026-07-28 that behaves until it is asked for its tools or to call one; then it does what it was told to.</summary>
public sealed class HostileUpstream : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, bool> open = new(StringComparer.Ordinal);

    private HostileUpstream(WebApplication app) => this.app = app;

    public string Url { get; private set; } = string.Empty;

    /// <summary>What happens after the handshake: the request's message, and its connection.</summary>
    public Func<JsonObject, HttpContext, Task> Answer { get; set; } = (message, context) => SendAsync(context, Reply(message, "{\"tools\":[]}"));

    /// <summary>Requests that have not ended.</summary>
    public int Open => open.Count;

    public int Requests { get; private set; }

    public static async Task<HostileUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = new HostileUpstream(builder.Build());
        server.app.Urls.Add("http://127.0.0.1:0");
        server.app.MapPost("/mcp", server.TakeAsync);
        await server.app.StartAsync();
        server.Url = server.app.Urls.First() + "/mcp";
        return server;
    }

    public static string Reply(JsonObject message, string result) => $"{{\"jsonrpc\":\"2.0\",\"id\":{message["id"]!.ToJsonString()},\"result\":{result}}}";

    public static Task SendAsync(HttpContext context, string body) => SendAsync(context, Encoding.UTF8.GetBytes(body));

    public static async Task SendAsync(HttpContext context, byte[] body, string type = "application/json")
    {
        context.Response.ContentType = type;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        var message = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        if ((string?)message["method"] == "server/discover")
        {
            await SendAsync(context, Reply(message, "{\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{\"tools\":{}},\"resultType\":\"complete\"}"));
            return;
        }

        Requests++;
        open[context.TraceIdentifier] = true;
        try
        {
            await Answer(message, context);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The platform hung up, as it should.
        }
        finally
        {
            open.TryRemove(context.TraceIdentifier, out _);
        }
    }
}
