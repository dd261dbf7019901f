using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Connections;

/// <summary>
/// Encrypts passwords anew that are under a key which is not the active one any more, a batch at a time while everything goes on, one replica at a time.
/// When none is left, the operator may take the old key away.
/// </summary>
internal sealed partial class RewrapPasswords(IServiceScopeFactory scopes, SecretProtector protector, TimeProvider time, ILogger<RewrapPasswords> logger) : BackgroundService
{
    public const int Batch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Goes through all of them once.</summary>
    /// <returns>How many were encrypted anew.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var (after, done) = (Guid.Empty, 0);
        while (true)
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<UsersDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            if (!await db.TryLockAsync("users.rewrap_passwords", cancellationToken))
            {
                return done;
            }

            // Who is changing a profile at this moment encrypts its password by itself, or leaves it to the next sweep.
            var profiles = await db.Connections.FromSql($"""
                SELECT *, xmin FROM users.database_connections WHERE password_key <> {protector.ActiveKey} AND id > {after}
                ORDER BY id LIMIT {Batch} FOR UPDATE SKIP LOCKED
                """).ToListAsync(cancellationToken);
            done += profiles.Count(TryRewrap);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (profiles.Count < Batch)
            {
                return done;
            }

            after = profiles[^1].Id;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                if (await SweepAsync(stoppingToken) is > 0 and var count)
                {
                    LogRewrapped(count, protector.ActiveKey);
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private bool TryRewrap(ConnectionProfile profile)
    {
        try
        {
            profile.Rewrap(protector);
            return true;
        }
        catch (SecretUnreadableException exception)
        {
            // It stays as it is: nothing is deleted, and a key that comes back opens it again.
            LogUnreadable(profile.Id, exception.Message);
            return false;
        }
    }

    [LoggerMessage(340, LogLevel.Information, "Encrypted {Count} passwords of connection profiles anew, under the key {Key}")]
    private partial void LogRewrapped(int count, string key);

    [LoggerMessage(341, LogLevel.Warning, "The password of the connection profile {Id} stays under its old key: {Reason}")]
    private partial void LogUnreadable(Guid id, string reason);

    [LoggerMessage(342, LogLevel.Warning, "Passwords of connection profiles could not be encrypted anew; trying again in a minute")]
    private partial void LogFailed(Exception exception);
}
