using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Authorization;

/// <summary>Removes clients that introduced themselves and that no user let in within a day. Every replica tries each hour; the lock lets one do it.</summary>
internal sealed partial class ExpireClients(IServiceScopeFactory scopes, TimeProvider time, ILogger<ExpireClients> logger) : BackgroundService
{
    public static readonly TimeSpan Patience = TimeSpan.FromDays(1);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private const int Batch = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await RunAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFailed(exception);
            }
        }
    }

    /// <summary>One round.</summary>
    /// <returns>How many clients went.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('auth.expire_clients', 0))", cancellationToken);
        var before = time.GetUtcNow() - Patience;
        var unused = await db.ClientRegistrations.Where(client => client.UsedAt == null && client.CreatedAt < before)
            .OrderBy(client => client.CreatedAt).Take(Batch).ToListAsync(cancellationToken);
        foreach (var registration in unused)
        {
            // Taken by this statement, or let in by somebody a moment ago.
            var taken = await db.ClientRegistrations.Where(client => client.ClientId == registration.ClientId && client.UsedAt == null).ExecuteDeleteAsync(cancellationToken);
            if (taken == 1 && await applications.FindByClientIdAsync(registration.ClientId, cancellationToken) is { } client)
            {
                await applications.DeleteAsync(client, cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return unused.Count;
    }

    [LoggerMessage(250, LogLevel.Warning, "Unused clients could not be removed; the next round tries again")]
    private partial void LogFailed(Exception exception);
}
