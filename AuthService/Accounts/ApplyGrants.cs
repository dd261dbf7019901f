using MassTransit;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;

namespace McpPlatform.AuthService.Accounts;

/// <summary>Keeps the copy of what an account may do; when something was taken away, the tokens that still say it end.</summary>
internal sealed class ApplyGrants(AuthDbContext db, EndAccess endAccess) : IConsumer<GrantsChanged>
{
    public async Task Consume(ConsumeContext<GrantsChanged> context)
    {
        var fact = context.Message;
        await db.ApplyOnceAsync(fact, nameof(ApplyGrants), async cancellationToken =>
        {
            var account = await db.LockAccountAsync(fact.UserId, cancellationToken);
            if (account?.ApplyGrants(fact) == true)
            {
                endAccess.OfAccount(account, "grants_changed");
            }
        }, context.CancellationToken);
    }
}

/// <summary>A disabled account: nobody gets in, and who is in is put out.</summary>
internal sealed class DisableAccount(AuthDbContext db, EndAccess endAccess) : IConsumer<UserDisabled>
{
    public async Task Consume(ConsumeContext<UserDisabled> context)
    {
        var fact = context.Message;
        await db.ApplyOnceAsync(fact, nameof(DisableAccount), async cancellationToken =>
        {
            var account = await db.LockAccountAsync(fact.UserId, cancellationToken);
            if (account?.ApplyActivation(fact.Version, isActive: false) == true)
            {
                await endAccess.OfAllSessionsAsync(account, "disabled", cancellationToken);
            }
        }, context.CancellationToken);
    }
}

/// <summary>An account that may be used again.</summary>
internal sealed class EnableAccount(AuthDbContext db) : IConsumer<UserEnabled>
{
    public async Task Consume(ConsumeContext<UserEnabled> context)
    {
        var fact = context.Message;
        await db.ApplyOnceAsync(fact, nameof(EnableAccount), async cancellationToken =>
        {
            var account = await db.LockAccountAsync(fact.UserId, cancellationToken);
            account?.ApplyActivation(fact.Version, isActive: true);
        }, context.CancellationToken);
    }
}
