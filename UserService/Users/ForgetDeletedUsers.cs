using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Users;

/// <summary>
/// Takes what is personal from users who were deleted long enough ago; the audit trail keeps what it recorded. Replicas need no lease for it: each user is
/// looked at again under the lock of the grants.
/// </summary>
internal sealed partial class ForgetDeletedUsers(
    IServiceScopeFactory scopes, IOptions<UsersOptions> options, TimeProvider time, ILogger<ForgetDeletedUsers> logger) : BackgroundService
{
    private const int Batch = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1), KeepUnfinished = TimeSpan.FromDays(7);

    /// <summary>Does what is due now.</summary>
    /// <returns>How many users were forgotten.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (deletedBefore, begunBefore) = (now - options.Value.DeletedRetention, now - KeepUnfinished);
        List<Guid> due;
        await using (var scope = scopes.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<UsersDbContext>();
            await db.UnfinishedUsers.Where(user => user.CreatedAt < begunBefore).ExecuteDeleteAsync(cancellationToken);
            due = await db.Users.Where(user => user.DeletedAt < deletedBefore && user.AnonymisedAt == null).OrderBy(user => user.DeletedAt).Take(Batch)
                .Select(user => user.Id).ToListAsync(cancellationToken);
        }

        var count = 0;
        foreach (var id in due)
        {
            await using var scope = scopes.CreateAsyncScope();
            count += await ForgetAsync(scope.ServiceProvider, id, deletedBefore, now, cancellationToken) ? 1 : 0;
        }

        if (count > 0)
        {
            LogForgotten(count);
        }

        return count;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                while (await RunOnceAsync(stoppingToken) == Batch)
                {
                    // There may be more.
                }
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private static async Task<bool> ForgetAsync(IServiceProvider services, Guid id, DateTimeOffset deletedBefore, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<UsersDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockGrantsAsync(cancellationToken);
        if (await db.LockUserAsync(id, cancellationToken) is not { AnonymisedAt: null, DeletedAt: { } deletedAt } user || deletedAt >= deletedBefore)
        {
            return false;
        }

        var subject = id.ToString();
        await db.Grants.Where(rule => rule.SubjectType == RuleSubject.User && rule.Subject == subject).ExecuteDeleteAsync(cancellationToken);
        await db.TeamMembers.Where(member => member.UserId == id).ExecuteDeleteAsync(cancellationToken);
        user.Anonymise(now);
        db.AddToOutbox(new UserAnonymised { EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = id, Username = user.Username });
        db.AddToOutbox(services.GetRequiredService<ActivityLog>().Create(
            "users.anonymise", ActivityOutcomes.Succeeded, "user", subject, newValues: new { user.Username, DeletedAt = deletedAt }));
        await db.SaveChangesAsync(cancellationToken);
        await db.PublishPolicyAsync(now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    [LoggerMessage(130, LogLevel.Information, "{Count} deleted users were anonymised")]
    private partial void LogForgotten(int count);

    [LoggerMessage(131, LogLevel.Error, "Deleted users could not be anonymised; trying again in an hour")]
    private partial void LogFailed(Exception exception);
}
