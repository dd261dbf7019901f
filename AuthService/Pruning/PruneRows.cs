using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Pruning;

/// <summary>
/// Each hour removes rows that have ended and are of no use any more, a thousand at a time. Replicas share the work: none waits for a row that another one has
/// taken. Two kinds go elsewhere, when their time comes: revocations and signing keys. Keys of cookies stay, four a year.
/// </summary>
internal sealed partial class PruneRows(IServiceScopeFactory scopes, IOptions<PruningOptions> options, TimeProvider time, ILogger<PruneRows> logger) : BackgroundService
{
    private const int Batch = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1), Day = TimeSpan.FromDays(1);

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
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var (rows, delete) in Deletions(now, options.Value))
        {
            await RepeatAsync(rows, services => services.GetRequiredService<AuthDbContext>().Database.ExecuteSqlAsync(delete, cancellationToken));
        }

        await RepeatAsync("unused clients", services => services.GetRequiredService<PruneClients>().RunAsync(Batch, cancellationToken));
    }

    // What the rows are called, and how some of them are removed.
    private static IEnumerable<(string Rows, FormattableString Delete)> Deletions(DateTimeOffset now, PruningOptions keep)
    {
        // Not before they expire, also those that were used: a refresh token that comes a second time must be found, or its session would go on.
        yield return ("expired tokens", $"""
            DELETE FROM auth.openiddict_tokens WHERE id IN (
                SELECT id FROM auth.openiddict_tokens WHERE expiration_date < {now - Day} LIMIT {Batch} FOR UPDATE SKIP LOCKED)
            """);
        yield return ("ended sessions", $"""
            DELETE FROM auth.openiddict_authorizations WHERE id IN (
                SELECT id FROM auth.openiddict_authorizations one WHERE type = 'ad-hoc' AND COALESCE(last_seen_at, creation_date) < {now - keep.EndedSessions}
                    AND NOT EXISTS (SELECT FROM auth.openiddict_tokens token WHERE token.authorization_id = one.id) LIMIT {Batch} FOR UPDATE SKIP LOCKED)
            """);
        yield return ("old consents", $"""
            DELETE FROM auth.openiddict_authorizations WHERE id IN (
                SELECT id FROM auth.openiddict_authorizations one WHERE type = 'permanent' AND (status <> 'valid' OR creation_date < {now - keep.Consents})
                    AND NOT EXISTS (SELECT FROM auth.openiddict_tokens token WHERE token.authorization_id = one.id) LIMIT {Batch} FOR UPDATE SKIP LOCKED)
            """);
        yield return ("expired API keys", $"""
            DELETE FROM auth.api_keys WHERE id IN (
                SELECT id FROM auth.api_keys WHERE expires_at < {now - keep.ExpiredApiKeys} LIMIT {Batch} FOR UPDATE SKIP LOCKED)
            """);
        yield return ("second factors that were never confirmed", $"""
            DELETE FROM auth.totp_enrollments WHERE user_id IN (
                SELECT user_id FROM auth.totp_enrollments WHERE confirmed_at IS NULL AND created_at < {now - Day} LIMIT {Batch} FOR UPDATE SKIP LOCKED)
            """);
        yield return ("failed logins of yesterday", $"""
            UPDATE auth.users SET lockout_end = NULL, lockout_level = 0, access_failed_count = 0 WHERE id IN (
                SELECT id FROM auth.users WHERE lockout_end < {now - Day} LIMIT {Batch} FOR UPDATE SKIP LOCKED)
            """);

        // As long as there is no admin an old one says that its secret is over, whatever the platform is started with.
        yield return ("windows for the first admin", $"""
            DELETE FROM auth.bootstrap_windows WHERE opened_at < {now - Day} AND EXISTS (SELECT FROM auth.users WHERE {BuiltInRoles.Admin} = ANY (roles))
            """);
    }

    private async Task RepeatAsync(string rows, Func<IServiceProvider, Task<int>> remove)
    {
        var (removed, batch) = (0, Batch);
        while (batch == Batch)
        {
            await using var scope = scopes.CreateAsyncScope();
            batch = await remove(scope.ServiceProvider);
            removed += batch;
        }

        if (removed > 0)
        {
            LogRemoved(removed, rows);
        }
    }

    [LoggerMessage(250, LogLevel.Warning, "What has ended could not be removed; the next round tries again")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(252, LogLevel.Information, "Removed or forgotten: {Count} {Rows}")]
    private partial void LogRemoved(int count, string rows);
}
