using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Users;

/// <summary>Keeps the time of the latest login. Needs no inbox: the latest of two is the latest however often and in which order they come.</summary>
internal sealed class RecordLastLogin(UsersDbContext db) : IConsumer<UserLoggedIn>
{
    public async Task Consume(ConsumeContext<UserLoggedIn> context)
    {
        var (id, at) = (context.Message.UserId, context.Message.OccurredAt.ToUniversalTime());
        var changed = await db.Users.Where(user => user.Id == id)
            .ExecuteUpdateAsync(
                set => set.SetProperty(user => user.LastLogin, user => user.LastLogin == null || user.LastLogin < at ? at : user.LastLogin),
                context.CancellationToken);
        if (changed == 0)
        {
            // UserCreated comes through another queue and may be a moment behind: the endpoint's retries wait for it.
            throw new InvalidOperationException($"User {id} has no profile yet.");
        }
    }
}
