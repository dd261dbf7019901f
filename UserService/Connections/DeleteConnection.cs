using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Connections;

internal static class DeleteConnection
{
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        Guid id, UsersDbContext db, CurrentUser caller, AccessDecider decider, ActivityLog activities, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockOwnAsync(decider, id, caller.Id, cancellationToken) is not { } profile)
        {
            return await ConnectionProblems.NotOwnAsync(db, decider, activities, "db.connections.delete", id, cancellationToken);
        }

        db.Remove(profile);
        db.AddToOutbox(activities.Create(
            "db.connections.delete", ActivityOutcomes.Succeeded, ConnectionValues.Target, profile.Resource.Name, ConnectionValues.Of(profile)));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
