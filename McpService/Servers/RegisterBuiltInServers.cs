using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.BuiltIn;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Servers;

/// <summary>
/// Puts the built-in servers that are configured into the registry, where access, bundles, health and records find them like any other. One that is configured no more stays there,
/// and says so when it is called: bundles and rules that name it are not lost.
/// </summary>
internal sealed partial class RegisterBuiltInServers(
    IServiceScopeFactory scopes, BuiltInServers builtIn, Registry registry, SweepSignal sweep, TimeProvider time, ILogger<RegisterBuiltInServers> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (builtIn.All.Count > 0 && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(stoppingToken);
                await registry.RefreshAsync(stoppingToken);
                sweep.Wake();
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception);
                await Task.Delay(RetryDelay, time, stoppingToken);
            }
        }
    }

    // Replicas that start together take turns.
    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        var activities = scope.ServiceProvider.GetRequiredService<ActivityLog>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('mcp.default_server', 0))", cancellationToken);
        foreach (var server in builtIn.All)
        {
            if (await db.Servers.AsNoTracking().SingleOrDefaultAsync(row => row.Name == server.Name, cancellationToken) is { } there)
            {
                if (!there.IsBuiltIn)
                {
                    LogNameTaken(server.Name);
                }

                continue;
            }

            var registered = Server.RegisterBuiltIn(server.Name, server.Description, time.GetUtcNow());
            db.Add(registered);
            db.AddToOutbox(RegisterServer.Registered(registered));
            db.AddToOutbox(activities.Create("mcp.servers.create", ActivityOutcomes.Succeeded, "mcp_server", registered.Name, newValues: ServerValues.Of(registered)));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(1001, LogLevel.Warning, "The built-in servers could not be registered; trying again")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(1002, LogLevel.Warning, "The built-in server {Name} is configured, but another server is registered under that name: rename that one to have it")]
    private partial void LogNameTaken(string name);
}
