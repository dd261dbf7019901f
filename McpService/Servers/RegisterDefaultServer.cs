using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Servers;

/// <summary>
/// Makes the registry say what MCP_SERVER_URL says. Replicas that start together take turns, so the server is registered and announced once.
/// The service is not ready before it is done: who waits for <c>/health</c> finds the server in the list.
/// </summary>
internal sealed partial class RegisterDefaultServer(
    IServiceScopeFactory scopes, IOptions<DefaultServerOptions> options, Registry registry, SweepSignal sweep, TimeProvider time, ILogger<RegisterDefaultServer> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private volatile bool done;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(done ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The server of MCP_SERVER_URL is not registered yet."));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!done && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(stoppingToken);
                await registry.RefreshAsync(stoppingToken);
                done = true;
                sweep.Wake();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('mcp.default_server', 0))", cancellationToken);
        var name = options.Value.Url is null ? null : options.Value.Name;
        foreach (var former in await db.Servers.Where(server => server.IsDefault && server.Name != name).ToListAsync(cancellationToken))
        {
            former.MarkDefault(false);
        }

        if (ServerUrls.TryParse(options.Value.Url, out var url))
        {
            await RegisterAsync(db, scope.ServiceProvider.GetRequiredService<ActivityLog>(), url, cancellationToken);
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task RegisterAsync(McpDbContext db, ActivityLog activities, Uri url, CancellationToken cancellationToken)
    {
        var server = await db.Servers.SingleOrDefaultAsync(x => x.Name == options.Value.Name, cancellationToken);
        if (server is null)
        {
            server = Server.Register(options.Value.Name, null, Transports.Http, url, enabled: true, createdBy: null, time.GetUtcNow());
            db.Add(server);
            db.AddToOutbox(RegisterServer.Registered(server));
            db.AddToOutbox(activities.Create("mcp.servers.create", ActivityOutcomes.Succeeded, "mcp_server", server.Name, newValues: ServerValues.Of(server)));
        }
        else if (server.Url != url.AbsoluteUri)
        {
            var old = ServerValues.Of(server);
            server.MoveTo(url, time.GetUtcNow());
            db.AddToOutbox(activities.Create("mcp.servers.update", ActivityOutcomes.Succeeded, "mcp_server", server.Name, old, ServerValues.Of(server)));
        }

        server.MarkDefault(true);
    }

    [LoggerMessage(1000, LogLevel.Warning, "The server of MCP_SERVER_URL could not be registered; trying again")]
    private partial void LogFailed(Exception exception);
}
