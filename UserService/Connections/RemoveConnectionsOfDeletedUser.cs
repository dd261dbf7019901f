using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Connections;

/// <summary>The profiles of a user who is gone for good go too, with their passwords. Until then they are kept, and of no use to anybody.</summary>
internal sealed class RemoveConnectionsOfDeletedUser(UsersDbContext db, ActivityLog activities) : IConsumer<UserAnonymised>
{
    public Task Consume(ConsumeContext<UserAnonymised> context) => db.ApplyOnceAsync(
        context.Message, nameof(RemoveConnectionsOfDeletedUser), token => ApplyAsync(context.Message.UserId, token), context.CancellationToken);

    private async Task ApplyAsync(Guid userId, CancellationToken cancellationToken)
    {
        if (await db.Connections.Where(profile => profile.OwnerId == userId).ExecuteDeleteAsync(cancellationToken) is > 0 and var count)
        {
            db.AddToOutbox(activities.Create("db.connections.delete", ActivityOutcomes.Succeeded, "user", userId.ToString(), new { Connections = count }));
        }
    }
}
