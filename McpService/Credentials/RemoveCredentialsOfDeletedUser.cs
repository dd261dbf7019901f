using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

/// <summary>What a user who is gone for good had stored for MCP servers goes too. Nobody else could use it, so no conversation of theirs has to end.</summary>
internal sealed class RemoveCredentialsOfDeletedUser(McpDbContext db, ActivityLog activities) : IConsumer<UserAnonymised>
{
    public Task Consume(ConsumeContext<UserAnonymised> context) => db.ApplyOnceAsync(
        context.Message, nameof(RemoveCredentialsOfDeletedUser), token => ApplyAsync(context.Message.UserId, token), context.CancellationToken);

    private async Task ApplyAsync(Guid userId, CancellationToken cancellationToken)
    {
        var count = await db.Credentials.Where(row => row.UserId == userId).ExecuteDeleteAsync(cancellationToken)
            + await db.UpstreamTokens.Where(row => row.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        if (count > 0)
        {
            db.AddToOutbox(activities.Create("mcp.credentials.remove", ActivityOutcomes.Succeeded, "user", userId.ToString(), new { Credentials = count }));
        }
    }
}
