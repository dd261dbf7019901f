using MassTransit;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;

namespace McpPlatform.AuthService.Accounts;

/// <summary>Keeps the copy of the address that a user's profile has.</summary>
internal sealed class ApplyEmail(AuthDbContext db) : IConsumer<UserEmailChanged>
{
    public async Task Consume(ConsumeContext<UserEmailChanged> context)
    {
        var fact = context.Message;
        await db.ApplyOnceAsync(fact, nameof(ApplyEmail), async cancellationToken =>
        {
            var account = await db.LockAccountAsync(fact.UserId, cancellationToken);
            account?.ApplyEmail(fact.Version, fact.Email);
        }, context.CancellationToken);
    }
}
