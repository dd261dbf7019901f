using System.ComponentModel;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Bundles;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Exchange;

/// <summary>How a client is told of an MCP endpoint of the platform.</summary>
/// <param name="Client">The client.</param>
/// <param name="Url">The endpoint.</param>
/// <param name="Where">Where it goes: a file, or a shell.</param>
/// <param name="Login">How one logs in with it.</param>
/// <param name="Configuration">With a login in the browser.</param>
/// <param name="WithApiKey">With an API key instead (<c>POST /api/auth/api-keys</c>), for which there is a placeholder.</param>
internal sealed record ClientConfigResponse(string Client, string Url, string Where, string Login, ClientConfig Configuration, ClientConfig WithApiKey);

/// <summary>What is copied.</summary>
/// <param name="Document">The file, or what is to be added to it.</param>
/// <param name="Command">The shell command.</param>
internal sealed record ClientConfig(JsonObject? Document, string? Command);

internal static class GetClientConfig
{
    private const string Name = "mcpplatform";

    private const string Sentence = "The client must be 'claude' (Claude Desktop), 'claude-code', 'vscode', 'cursor' or 'inspector'.";

    /// <summary>For everything that the caller may use.</summary>
    public static Results<Ok<ClientConfigResponse>, ValidationProblem> Handle(
        IOptions<PlatformAuthenticationOptions> platform, [Description("claude, claude-code, vscode, cursor or inspector.")] string? client = null) =>
        Write(client, Name, platform.Value.CanonicalIssuer + "mcp") is { } answer ? TypedResults.Ok(answer) : ProblemExtensions.Invalid("client", Sentence);

    /// <summary>For a bundle.</summary>
    public static async Task<Results<Ok<ClientConfigResponse>, ProblemHttpResult, ValidationProblem>> HandleBundleAsync(
        string id, BundleAccess access, IOptions<PlatformAuthenticationOptions> platform, CancellationToken cancellationToken,
        [Description("claude, claude-code, vscode, cursor or inspector.")] string? client = null) =>
        await access.FindAsync(id, "mcp.bundles.read", cancellationToken) is not { } bundle ? BundleAccess.NotFound()
            : Write(client, $"{Name}-{bundle.Name}", $"{platform.Value.CanonicalIssuer}mcp/{bundle.Name}") is { } answer ? TypedResults.Ok(answer)
            : ProblemExtensions.Invalid("client", Sentence);

    private static ClientConfigResponse? Write(string? client, string name, string url) => client switch
    {
        "claude" => Answer(
            client, url, "Settings, Developer, Edit Config: claude_desktop_config.json. Claude Desktop runs processes only: mcp-remote, for which Node.js is needed, leads to the address.",
            new(Servers("mcpServers", name, RemoteBridge.Write(name, url, isSse: false, [])), null), new(Servers("mcpServers", name, BridgeWithKey(name, url)), null)),
        "claude-code" => Answer(
            client, url, "A shell; --scope user is for all projects. Then /mcp in Claude Code logs in.",
            new(null, $"claude mcp add --transport http {name} {url}"), new(null, $"claude mcp add --transport http {name} {url} --header \"Authorization: Bearer YOUR_API_KEY\"")),
        "vscode" => Answer(
            client, url, ".vscode/mcp.json of a workspace, or the user's (command MCP: Open User Configuration).",
            new(Servers("servers", name, new() { ["type"] = "http", ["url"] = url }), null), new(VsCodeWithKey(name, url), null)),
        "cursor" => Answer(
            client, url, ".cursor/mcp.json of a project, or ~/.cursor/mcp.json for all; the key is taken from the environment variable MCPPLATFORM_API_KEY.",
            new(Servers("mcpServers", name, new() { ["url"] = url }), null),
            new(Servers("mcpServers", name, new() { ["url"] = url, ["headers"] = new JsonObject { ["Authorization"] = "Bearer ${env:MCPPLATFORM_API_KEY}" } }), null)),
        "inspector" => Answer(
            client, url, "A shell: the first opens in the browser, the one with the key lists the tools at once.",
            new(null, $"npx @modelcontextprotocol/inspector --transport http --server-url {url}"),
            new(null, $"npx @modelcontextprotocol/inspector --cli {url} --transport http --method tools/list --header \"Authorization: Bearer YOUR_API_KEY\"")),
        _ => null,
    };

    private static ClientConfigResponse Answer(string client, string url, string where, ClientConfig configuration, ClientConfig withApiKey) => new(
        client, url, where, "The client finds the login by itself and opens it in the browser (OAuth 2.1). Without a browser: an API key of POST /api/auth/api-keys in the Authorization header.", configuration, withApiKey);

    private static JsonObject Servers(string member, string name, JsonObject entry) => new() { [member] = new JsonObject { [name] = entry } };

    // The value has a space, which is lost on the way if it stands in an argument: it comes from the environment.
    private static JsonObject BridgeWithKey(string name, string url)
    {
        var entry = RemoteBridge.Write(name, url, isSse: false, ["Authorization"]);
        entry["env"] = new JsonObject { [Placeholders.Variable(name, "Authorization")] = "Bearer YOUR_API_KEY" };
        return entry;
    }

    private static JsonObject VsCodeWithKey(string name, string url)
    {
        var id = Placeholders.Input(name, "api-key");
        var document = Servers("servers", name, new() { ["type"] = "http", ["url"] = url, ["headers"] = new JsonObject { ["Authorization"] = $"Bearer ${{input:{id}}}" } });
        document["inputs"] = new JsonArray(new JsonObject { ["type"] = "promptString", ["id"] = id, ["description"] = "API key of McpPlatform", ["password"] = true });
        return document;
    }
}
