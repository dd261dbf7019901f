using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>A server of 2024-11-05, written by hand, that can be told to misbehave.</summary>
internal sealed class SseStandIn : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, Channel<string>> streams = new(StringComparer.Ordinal);

    private SseStandIn(WebApplication app) => this.app = app;

    /// <summary>Where the stream is.</summary>
    public string Url => app.Urls.First() + "/sse";

    /// <summary>The address that the stream names; null for the right one.</summary>
    public string? OtherAddress { get; set; }

    /// <summary>What it was shown, one for each request that showed something.</summary>
    public ConcurrentBag<string> Shown { get; } = [];

    /// <summary>How many streams are open.</summary>
    public int Streams => streams.Count;

    public static async Task<SseStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = new SseStandIn(builder.Build());
        server.app.Urls.Add("http://127.0.0.1:0");
        server.app.Use((context, next) =>
        {
            if (context.Request.Headers["X-Key"].ToString() is { Length: > 0 } key)
            {
                server.Shown.Add($"{context.Request.Method} {key}");
            }

            return next(context);
        });
        server.app.MapGet("/sse", server.StreamAsync);
        server.app.MapPost("/messages/{stream}", server.TakeAsync);
        server.app.MapGet("/moved", () => Results.Redirect("/sse"));
        server.app.MapGet("/locked", () => Results.Unauthorized());
        server.app.MapGet("/page", () => Results.Text("<html></html>", "text/html"));
        await server.app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync()
    {
        EndStreams();
        return app.DisposeAsync();
    }

    /// <summary>As a restart would.</summary>
    public void EndStreams()
    {
        foreach (var stream in streams.Values)
        {
            stream.Writer.TryComplete();
        }
    }

    private async Task StreamAsync(HttpContext context)
    {
        var (key, stream) = (Guid.CreateVersion7().ToString("N"), Channel.CreateUnbounded<string>());
        streams[key] = stream;
        try
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($": hello\r\n\r\nevent: endpoint\r\ndata: {OtherAddress ?? $"/messages/{key}"}\r\n\r\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await foreach (var message in stream.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync($"event: message\ndata: {message}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        finally
        {
            streams.TryRemove(key, out _);
        }
    }

    private async Task<IResult> TakeAsync(string stream, HttpRequest request)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var message = JsonNode.Parse(await reader.ReadToEndAsync())!;
        if (!streams.TryGetValue(stream, out var channel))
        {
            return Results.NotFound();
        }

        if (message["id"] is { } id)
        {
            JsonNode? result = (string?)message["method"] switch
            {
                "initialize" => JsonNode.Parse("""{"protocolVersion":"2024-11-05","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"1"}}"""),
                "tools/list" => JsonNode.Parse("""{"tools":[{"name":"say","inputSchema":{"type":"object"},"futureMember":1.10},{"name":"flood","inputSchema":{"type":"object"}},{"name":"die","inputSchema":{"type":"object"}},{"name":"grow","inputSchema":{"type":"object"}}]}"""),
                "tools/call" => Call(channel, message["params"]!),
                _ => null,
            };
            channel.Writer.TryWrite(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id.DeepClone(), [result is null ? "error" : "result"] = result ?? JsonNode.Parse("""{"code":-32601,"message":"Method not found"}""") }.ToJsonString());
        }

        return Results.Text("Accepted", statusCode: StatusCodes.Status202Accepted);
    }

    private static JsonObject Call(Channel<string> channel, JsonNode parameters)
    {
        if ((string?)parameters["name"] == "die")
        {
            channel.Writer.TryComplete();
        }

        // 9 MiB in one message are too much; 12 MiB in messages of one each are not.
        for (var i = 0; i < 12 && (string?)parameters["name"] == "grow"; i++)
        {
            channel.Writer.TryWrite($$$"""{"jsonrpc":"2.0","method":"notifications/unknown","params":{"x":"{{{new string('x', 1 << 20)}}}"}}""");
        }

        var text = (string?)parameters["name"] == "flood" ? new string('x', 9 << 20) : (string?)parameters["arguments"]?["text"] ?? "nothing";
        return new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) };
    }
}
