using System.ComponentModel;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

#pragma warning disable MCP9004, MCP9005, MCPEXP001 // Sampling, roots, logging and HTTP with SSE are deprecated and still to be relayed.

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>A server made with the SDK, with everything that MCP has, which speaks one era or both.</summary>
public sealed class FixtureServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private FixtureServer(WebApplication app) => this.app = app;

    public string Url { get; private set; } = string.Empty;

    /// <summary>Where its stream of events is, as in 2024-11-05; only in the older era.</summary>
    public string SseUrl => Url + "/sse";

    public static async Task<FixtureServer> StartAsync(bool isModern)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var mcp = builder.Services.AddMcpServer(options =>
            {
                options.ServerInfo = new Implementation { Name = "fixture", Version = "1" };
                options.ServerInstructions = "Be kind to the fixture.";
            })
            .WithHttpTransport(options =>
            {
                options.SessionMode = isModern ? HttpServerSessionMode.Stateless : HttpServerSessionMode.Stateful;
                options.EnableLegacySse = !isModern;
            })
            .WithTools<FixtureTools>().WithPrompts<FixturePrompts>().WithResources<FixtureResources>()
            .WithCompleteHandler((context, _) => ValueTask.FromResult(new CompleteResult { Completion = new() { Values = [context.Params!.Argument.Value + "-completed"], Total = 1 } }));
        if (!isModern)
        {
            // As a server of the older revisions is: it never heard of discovery.
            mcp.WithMessageFilters(filters => filters.AddIncomingFilter(next => (context, cancellationToken) =>
                context.JsonRpcMessage is JsonRpcRequest { Method: "server/discover" } ? throw new McpProtocolException("Method not found", McpErrorCode.MethodNotFound) : next(context, cancellationToken)));
        }

        var server = new FixtureServer(builder.Build());
        server.app.Urls.Add("http://127.0.0.1:0");
        server.app.MapMcp("/mcp");
        await server.app.StartAsync();
        server.Url = server.app.Urls.First() + "/mcp";
        return server;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}

[McpServerToolType]
internal sealed class FixtureTools
{
    [McpServerTool(Name = "echo"), Description("Says it again.")]
    public static string Echo(string message) => message;

    [McpServerTool(Name = "fails")]
    public static CallToolResult Fails() => new() { IsError = true, Content = [new TextContentBlock { Text = "It went wrong." }] };

    [McpServerTool(Name = "progresses")]
    public static async Task<string> ProgressesAsync(RequestContext<CallToolRequestParams> context, CancellationToken cancellationToken)
    {
        for (var step = 1; step <= 3; step++)
        {
            await context.Server.NotifyProgressAsync(context.Params!.ProgressToken!.Value, new() { Progress = step, Total = 3 }, null, cancellationToken);
        }

        return "done";
    }

    [McpServerTool(Name = "links")]
    public static CallToolResult Links() => new() { Content = [new ResourceLinkBlock { Uri = "fixture://text", Name = "text" }] };

    [McpServerTool(Name = "asks_name")]
    public static string AsksName(RequestContext<CallToolRequestParams> context) => context.Params?.InputResponses?.TryGetValue("name", out var answer) == true
        ? $"Hello {answer.RawValue.GetProperty("content").GetProperty("name").GetString()}"
        : throw new InputRequiredException(
            new Dictionary<string, InputRequest>(StringComparer.Ordinal)
            {
                ["name"] = InputRequest.ForElicitation(new() { Message = "Your name?", RequestedSchema = new() { Properties = { ["name"] = new ElicitRequestParams.StringSchema() } } }),
            },
            "state-of-the-fixture");

    [McpServerTool(Name = "asks_three")]
    public static string AsksThree(RequestContext<CallToolRequestParams> context)
    {
        var answers = context.Params?.InputResponses;
        if (answers is null)
        {
            throw new InputRequiredException(
                new Dictionary<string, InputRequest>(StringComparer.Ordinal)
                {
                    ["form"] = InputRequest.ForElicitation(new() { Message = "Colour?", RequestedSchema = new() { Properties = { ["name"] = new ElicitRequestParams.StringSchema() } } }),
                    ["model"] = InputRequest.ForSampling(new() { Messages = [new() { Role = Role.User, Content = [new TextContentBlock { Text = "Say it" }] }], MaxTokens = 10 }),
                    ["roots"] = InputRequest.ForRootsList(new()),
                },
                "three");
        }

        return string.Join(' ', answers.Values.Select(answer => answer.RawValue).Select(value =>
            value.TryGetProperty("roots", out var roots) ? roots[0].GetProperty("uri").GetString()
            : value.TryGetProperty("model", out _) ? value.GetProperty("content").ValueKind == JsonValueKind.Array ? value.GetProperty("content")[0].GetProperty("text").GetString() : value.GetProperty("content").GetProperty("text").GetString()
            : value.GetProperty("content").GetProperty("name").GetString()).Order(StringComparer.Ordinal));
    }
}

[McpServerPromptType]
internal sealed class FixturePrompts
{
    [McpServerPrompt(Name = "greet"), Description("Greets.")]
    public static string Greet(string who) => $"Greet {who}.";
}

[McpServerResourceType]
internal sealed class FixtureResources
{
    [McpServerResource(UriTemplate = "fixture://text", Name = "text", MimeType = "text/plain")]
    public static string Text() => "the text";

    [McpServerResource(UriTemplate = "fixture://item/{id}", Name = "item", MimeType = "text/plain")]
    public static string Item(string id) => $"item {id}";
}
