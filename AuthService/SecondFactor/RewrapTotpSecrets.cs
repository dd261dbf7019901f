using McpPlatform.AuthService.Data;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>
/// Encrypts secrets anew that are under a key which is not the active one any more, a batch at a time while everything goes on. When none is left, the operator
/// may take the old key away.
/// </summary>
internal sealed partial class RewrapTotpSecrets(IServiceScopeFactory scopes, SecretProtector protector, TimeProvider time, ILogger<RewrapTotpSecrets> logger) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Goes through all of them once.</summary>
    /// <returns>How many were encrypted anew.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var (after, done) = (Guid.Empty, 0);
        while (true)
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);

            // What another replica or a request works on at this moment is left to it, or to the next sweep.
            var enrollments = await db.TotpEnrollments.FromSql($"""
                SELECT * FROM auth.totp_enrollments WHERE secret_key <> {protector.ActiveKey} AND user_id > {after}
                ORDER BY user_id LIMIT {Batch} FOR UPDATE SKIP LOCKED
                """).ToListAsync(cancellationToken);
            done += enrollments.Count(TryRewrap);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (enrollments.Count < Batch)
            {
                return done;
            }

            after = enrollments[^1].UserId;
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

    private bool TryRewrap(TotpEnrollment enrollment)
    {
        try
        {
            enrollment.Rewrap(protector);
            return true;
        }
        catch (SecretUnreadableException exception)
        {
            // It stays as it is: a key that comes back opens it again.
            LogUnreadable(enrollment.UserId, exception.Message);
            return false;
        }
    }

    [LoggerMessage(231, LogLevel.Information, "Encrypted {Count} secrets of second factors anew, under the key {Key}")]
    private partial void LogRewrapped(int count, string key);

    [LoggerMessage(232, LogLevel.Warning, "The second factor of account {AccountId} stays under its old key: {Reason}")]
    private partial void LogUnreadable(Guid accountId, string reason);

    [LoggerMessage(233, LogLevel.Warning, "Secrets of second factors could not be encrypted anew; trying again in a minute")]
    private partial void LogFailed(Exception exception);
}
