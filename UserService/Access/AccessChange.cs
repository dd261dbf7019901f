using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Telemetry;
using Microsoft.EntityFrameworkCore.Storage;

namespace McpPlatform.UserService.Access;

/// <summary>
/// One change of roles, teams or rules: alone, and whole. What users hold, the policy and the audit record are committed together with it.
/// </summary>
internal sealed partial class AccessChange(
    UsersDbContext db, AccessPolicySource source, UserTelemetry telemetry, TimeProvider time, ILogger<AccessChange> logger) : IAsyncDisposable
{
    private IDbContextTransaction? transaction;

    /// <summary>From now on nobody else changes grants; ends with the commit, or with the request.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockGrantsAsync(cancellationToken);
    }

    /// <summary>Saves, tells what the users hold now and what the policy is now, and commits.</summary>
    /// <param name="users">Whose grants may have changed.</param>
    /// <param name="cancellationToken">Stops before the commit.</param>
    /// <returns>The policy in force.</returns>
    public async Task<AccessPolicy> CommitAsync(IReadOnlyCollection<Guid> users, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.PublishGrantsAsync(users, now, cancellationToken);
        var policy = await db.PublishPolicyAsync(now, cancellationToken);
        await transaction!.CommitAsync(cancellationToken);
        telemetry.GrantsChanged();
        try
        {
            await source.RefreshAsync(CancellationToken.None);
        }
        catch (Exception exception) when (exception is Npgsql.NpgsqlException or InvalidOperationException or TimeoutException)
        {
            // The change is committed; this replica follows it with the next poll, as the others do.
            LogNotRefreshed(exception);
        }

        return policy;
    }

    /// <summary>Commits the record of a refusal, and nothing else.</summary>
    public Task CommitRefusalAsync(CancellationToken cancellationToken) => transaction!.CommitAsync(cancellationToken);

    public ValueTask DisposeAsync() => transaction?.DisposeAsync() ?? ValueTask.CompletedTask;

    [LoggerMessage(120, LogLevel.Warning, "The new access policy is committed, but could not be read back")]
    private partial void LogNotRefreshed(Exception exception);
}
