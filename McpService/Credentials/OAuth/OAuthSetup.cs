using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Credentials.OAuth;

internal static class OAuthSetup
{
    /// <summary>The platform as a client of the authorization servers of MCP servers.</summary>
    public static void AddUpstreamOAuth(this IServiceCollection services)
    {
        services.AddOptions<TokenExchangeOptions>().BindConfiguration(TokenExchangeOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TokenExchangeOptions>, TokenExchangeOptionsValidator>();
        OAuthHttp.Configure(services);
        services.AddHttpClient(BrowserUsers.ClientName, client => client.Timeout = TimeSpan.FromSeconds(5)).RemoveAllLoggers();
        services.AddSingleton<OAuthHttp>();
        services.AddSingleton<OAuthDiscovery>();
        services.AddSingleton<OAuthClients>();
        services.AddSingleton<TokenGrants>();
        services.AddSingleton<UpstreamTokens>();
        services.AddSingleton<PendingLogins>();
        services.AddSingleton<BrowserUsers>();
        services.AddSingleton<StartLogin>();
        services.AddScoped<LoginPages>();
    }

    public static void MapUpstreamOAuthApi(this IEndpointRouteBuilder routes)
    {
        var server = routes.MapGroup(ServersApi.Route + "/{id}").WithTags("MCP credentials");
        server.MapPut("/auth", SetServerAuth.SetAsync).WithName("SetServerAuth").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.credentials.auth", "mcp_server"));
        server.MapDelete("/auth", SetServerAuth.RemoveAsync).WithName("RemoveServerAuth").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.credentials.auth", "mcp_server"));
        server.MapPost("/login", StartLogin.HandleAsync).WithName("StartLogin").RequirePermission(Permissions.McpToolsCall)
            .WithMetadata(new AuditDenials("mcp.credentials.login", "mcp_server"));

        // The pages belong to who is logged in at the platform's own: they ask AuthService. The document is public.
        var pages = routes.MapGroup("/api/mcp/oauth").WithTags("MCP credentials").AllowAnonymous();
        pages.MapGet("/client", (OAuthClients clients) => TypedResults.Ok(clients.Document)).WithName("ClientDocument");
        pages.MapGet("/start", LoginPages.ShowStartAsync).WithName("LoginPage").Produces(200, contentType: "text/html");
        pages.MapGet("/callback", LoginPages.FinishAsync).WithName("LoginCallback").Produces(200, contentType: "text/html");
    }

    /// <summary>Removes all that authorization servers gave for a server, and the platform's clients there.</summary>
    public static async Task ForgetTokensAsync(this McpDbContext db, Guid server, CancellationToken cancellationToken)
    {
        await db.UpstreamTokens.Where(row => row.ServerId == server).ExecuteDeleteAsync(cancellationToken);
        await db.UpstreamClients.Where(row => row.ServerId == server).ExecuteDeleteAsync(cancellationToken);
    }
}
