using System.Text.Json.Nodes;
using McpPlatform.ConformanceServer;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;

// The server that the official conformance suite knows by heart: its tools, resources and prompts by their exact names. One code path serves both eras of the
// protocol; with --era it speaks only one, as a server that never heard of the other.
var era = args.SkipWhile(arg => arg != "--era").ElementAtOrDefault(1) ?? "both";
var port = args.SkipWhile(arg => arg != "--port").ElementAtOrDefault(1) ?? "0";
if (era is not ("both" or "modern" or "legacy") || !ushort.TryParse(port, out _))
{
    await Console.Error.WriteLineAsync("Usage: ConformanceServer [--port 0-65535] [--era both|modern|legacy]");
    return 2;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
builder.Services.AddHostFiltering(options => options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
builder.Services.AddSingleton<Watchers>();
builder.Services.AddSingleton<FixtureTasks>();
builder.Services.AddHttpContextAccessor();
builder.Services.AddMcpServer(options =>
    {
        options.ServerInfo = new Implementation { Name = "conformance-fixture", Version = "1.0.0" };
        options.Capabilities = new ServerCapabilities();
    })
    .WithHttpTransport(options => options.SessionMode = era switch
    {
        "modern" => HttpServerSessionMode.Stateless,
        "legacy" => HttpServerSessionMode.Stateful,
        _ => HttpServerSessionMode.StatefulForInitializeClients,
    })
    .WithMessageFilters(filters =>
    {
        filters.AddIncomingFilter(next => new FixtureFilter(next, era).HandleAsync);
        filters.AddOutgoingFilter(FixtureFilter.Describe);
    });

var app = builder.Build();
app.UseHostFiltering();
app.Use((context, next) =>
{
    // Streamable HTTP, "Security Warning": a page elsewhere has no business here.
    if (context.Request.Headers.Origin.ToString() is { Length: > 0 } origin && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.IsLoopback))
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    return next(context);
});
if (era != "legacy")
{
    // The SDK lists revisions with sessions here, too, which discovery does not offer.
    app.Use(async (context, next) =>
    {
        var version = context.Request.Headers["MCP-Protocol-Version"].ToString();
        if (version.Length == 0 || version is "2026-07-28" or "2025-11-25" or "2025-06-18" or "2025-03-26" or "2024-11-05" || !HttpMethods.IsPost(context.Request.Method))
        {
            await next(context);
            return;
        }

        var id = (await JsonNode.ParseAsync(context.Request.Body))?["id"]?.DeepClone();
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["jsonrpc"] = "2.0", ["id"] = id,
            ["error"] = new JsonObject
            {
                ["code"] = -32022, ["message"] = "Unsupported protocol version", ["data"] = new JsonObject { ["supported"] = new JsonArray("2026-07-28"), ["requested"] = version },
            },
        });
    });
}

app.MapMcp("/mcp");
await app.StartAsync();
await Console.Out.WriteLineAsync(app.Urls.First() + "/mcp");
await app.WaitForShutdownAsync();
return 0;
