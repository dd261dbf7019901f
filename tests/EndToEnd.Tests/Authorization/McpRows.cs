using McpPlatform.Contracts.Identity;
using static McpPlatform.EndToEnd.Tests.Authorization.Matrix;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>McpService.</summary>
internal static class McpRows
{
    private static readonly Func<object?, Func<Cast, Who, Task<Ask>>> OfNewServer = body => async (cast, _) =>
        new Ask($"/api/mcp/servers/{await cast.MakeAsync(Who.Admin, "/api/mcp/servers", New(cast))}", body);

    private static readonly object Headers = new { headers = new Dictionary<string, string> { ["X-API-Key"] = "x" } };

    private static readonly Func<string, object?, Func<Cast, Who, Task<Ask>>> OfServer = (path, body) => async (cast, who) =>
    {
        var ask = await OfNewServer(body)(cast, who);
        return ask with { Path = ask.Path + path };
    };

    public static IReadOnlyList<Row> All { get; } =
    [
        Open("GET /.well-known/oauth-protected-resource", 200),
        Open("GET /api/mcp/oauth/client", 200),
        Open("GET /api/mcp/oauth/start", 400),
        Open("GET /api/mcp/oauth/callback", 400),
        Open("GET /.well-known/oauth-protected-resource/mcp", 200),
        new("GET /.well-known/oauth-protected-resource/mcp/{bundle}", 200, (_, _) => Task.FromResult(new Ask("/.well-known/oauth-protected-resource/mcp/a-bundle"))) { IsOpen = true },
        Needs("GET /api/mcp/servers", Permissions.McpServersRead),
        Needs("POST /api/mcp/servers", Permissions.McpServersManage, 201, (cast, _) => Task.FromResult(new Ask("/api/mcp/servers", New(cast)))),
        Needs("POST /api/mcp/servers/import", Permissions.McpServersManage, 200, (cast, _) =>
            Task.FromResult(new Ask("/api/mcp/servers/import", new { servers = new Dictionary<string, object> { [cast.Name("server")] = new { url = "http://mcp.example.invalid/mcp" } } }))),
        Needs("GET /api/mcp/client-config", Permissions.McpServersRead, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/client-config?client=claude"))),
        Needs("GET /api/mcp/bundles/{id}/client-config", Permissions.McpServersRead, 200, async (cast, _) =>
            new Ask($"/api/mcp/bundles/{await cast.MakeAsync(Who.Admin, "/api/mcp/bundles", NewBundle(cast))}/client-config?client=vscode")),
        Needs("GET /api/mcp/servers/export", Permissions.McpServersRead, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/export?format=vscode"))),
        Needs("GET /api/mcp/servers/{id}", Permissions.McpServersRead, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything"))),
        Needs("GET /api/mcp/servers/{id}/status", Permissions.McpServersRead, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/status"))),
        Needs("PATCH /api/mcp/servers/{id}", Permissions.McpServersManage, 200, OfNewServer(new { description = "Changed." })),
        Needs("DELETE /api/mcp/servers/{id}", Permissions.McpServersManage, 204, OfNewServer(null)),
        Needs("GET /api/mcp/servers/{id}/tools", Permissions.McpToolsCall, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/tools"))),
        Needs("GET /api/mcp/tools", Permissions.McpToolsCall),
        Needs("POST /api/mcp/servers/{id}/tools/{tool}/call", Permissions.McpToolsCall, 200, (_, _) =>
            Task.FromResult(new Ask("/api/mcp/servers/everything/tools/echo/call", new { arguments = new { message = "hello" } }))),
        Needs("GET /api/mcp/tools/usage", Permissions.McpServersRead),
        Needs("GET /api/mcp/bundles/{id}/context", Permissions.McpServersRead, 200, async (cast, _) =>
            new Ask($"/api/mcp/bundles/{await cast.MakeAsync(Who.Admin, "/api/mcp/bundles", NewBundle(cast))}/context")),
        Needs("GET /api/mcp/servers/{id}/credential", Permissions.McpToolsCall, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/credential"))),
        Needs("PUT /api/mcp/servers/{id}/credential", Permissions.McpServersManage, 200, OfServer("/credential", Headers)),
        Needs("DELETE /api/mcp/servers/{id}/credential", Permissions.McpServersManage, 204, OfServer("/credential", null)),
        Needs("PUT /api/mcp/servers/{id}/credential/me", Permissions.McpToolsCall, 200, OfServer("/credential/me", Headers)),
        Needs("DELETE /api/mcp/servers/{id}/credential/me", Permissions.McpToolsCall, 204, OfServer("/credential/me", null)),
        Needs("PUT /api/mcp/servers/{id}/auth", Permissions.McpServersManage, 200, OfServer("/auth", new { type = "oauth_authorization_code" })),
        Needs("DELETE /api/mcp/servers/{id}/auth", Permissions.McpServersManage, 204, OfServer("/auth", null)),
        Needs("POST /api/mcp/servers/{id}/login", Permissions.McpToolsCall, 409, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/login"))),
        Needs("POST /api/mcp/servers/{id}/connect", Permissions.McpServersManage, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/connect", new { }))),
        Needs("POST /api/mcp/servers/{id}/refresh", Permissions.McpServersManage, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/refresh", new { }))),
        Needs("POST /api/mcp/servers/{id}/disconnect", Permissions.McpServersManage, 204, OfServer("/disconnect", new { })),
        Needs("GET /api/mcp/servers/{id}/resources", Permissions.McpToolsCall, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/resources"))),
        Needs("GET /api/mcp/servers/{id}/resource-templates", Permissions.McpToolsCall, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/resource-templates"))),
        Needs("GET /api/mcp/servers/{id}/prompts", Permissions.McpToolsCall, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/prompts"))),
        Needs("PATCH /api/mcp/servers/{id}/tools/{tool}", Permissions.McpServersManage, 204, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/tools/get-env", new { requires_approval = false }))),
        Needs("POST /api/mcp/chat", Permissions.McpChat, 503, (_, _) => Task.FromResult(new Ask("/api/mcp/chat", new { messages = new[] { new { role = "user", content = "Hello" } } }))),
        Needs("GET /api/mcp/approvals", Permissions.McpToolsCall),
        Needs("POST /api/mcp/approvals/{id}/approve", Permissions.McpToolsCall, 404, (_, _) => Task.FromResult(new Ask($"/api/mcp/approvals/{Guid.NewGuid()}/approve", new { }))),
        Needs("POST /api/mcp/approvals/{id}/deny", Permissions.McpToolsCall, 404, (_, _) => Task.FromResult(new Ask($"/api/mcp/approvals/{Guid.NewGuid()}/deny", new { }))),
        Needs("GET /api/mcp/stdio/templates", Permissions.McpServersManageStdio),
        Needs("GET /api/mcp/definitions", Permissions.McpServersRead),
        Needs("GET /api/mcp/servers/{id}/definitions/{tool}", Permissions.McpServersRead, 200, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/definitions/echo"))),
        Needs("POST /api/mcp/servers/{id}/definitions/{tool}/approve", Permissions.McpServersManage, 409, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/definitions/echo/approve", new { definition_hash = "0" }))),
        Needs("POST /api/mcp/servers/{id}/definitions/{tool}/reject", Permissions.McpServersManage, 409, (_, _) => Task.FromResult(new Ask("/api/mcp/servers/everything/definitions/echo/reject", new { definition_hash = "0" }))),
        Needs("POST /api/mcp/servers/{id}/definitions/decide", Permissions.McpServersManage, 409, (_, _) =>
            Task.FromResult(new Ask("/api/mcp/servers/everything/definitions/decide", new { decision = "approve", definitions = new { echo = "0" } }))),
        Needs("GET /api/mcp/bundles", Permissions.McpServersRead),
        Needs("POST /api/mcp/bundles", Permissions.McpBundlesManage, 201, (cast, _) => Task.FromResult(new Ask("/api/mcp/bundles", NewBundle(cast)))),
        Needs("GET /api/mcp/bundles/{id}", Permissions.McpServersRead, 200, async (cast, _) => new Ask($"/api/mcp/bundles/{await cast.MakeAsync(Who.Admin, "/api/mcp/bundles", NewBundle(cast))}")),
        Needs("PATCH /api/mcp/bundles/{id}", Permissions.McpBundlesManage, 200, async (cast, _) =>
            new Ask($"/api/mcp/bundles/{await cast.MakeAsync(Who.Admin, "/api/mcp/bundles", NewBundle(cast))}", new { description = "Changed." })),
        Needs("DELETE /api/mcp/bundles/{id}", Permissions.McpBundlesManage, 204, async (cast, _) => new Ask($"/api/mcp/bundles/{await cast.MakeAsync(Who.Admin, "/api/mcp/bundles", NewBundle(cast))}")),
    ];

    private static object NewBundle(Cast cast) => new { name = cast.Name("bundle"), servers = new[] { new { name = "everything" } } };

    private static object New(Cast cast) => new { name = cast.Name("server"), url = "http://mcp.example.invalid/mcp" };
}
