using MassTransit;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Accounts;

/// <summary>The end of a deleted user's account: name, address, password and whatever else could prove who it was.</summary>
internal sealed class AnonymiseAccount(AuthDbContext db, EndAccess endAccess, Totp totp) : IConsumer<UserAnonymised>
{
    public async Task Consume(ConsumeContext<UserAnonymised> context)
    {
        var fact = context.Message;
        await db.ApplyOnceAsync(fact, nameof(AnonymiseAccount), async cancellationToken =>
        {
            if (await db.LockAccountAsync(fact.UserId, cancellationToken) is { } account)
            {
                account.Anonymise(fact.Username);
                await totp.ResetAsync(fact.UserId, cancellationToken);
                await db.ApiKeys.Where(row => row.UserId == fact.UserId).ExecuteDeleteAsync(cancellationToken);
                await db.UserClaims.Where(row => row.UserId == fact.UserId).ExecuteDeleteAsync(cancellationToken);
                await db.UserLogins.Where(row => row.UserId == fact.UserId).ExecuteDeleteAsync(cancellationToken);
                await db.UserTokens.Where(row => row.UserId == fact.UserId).ExecuteDeleteAsync(cancellationToken);
                await endAccess.OfAllSessionsAsync(account, "deleted", cancellationToken);
                var subject = fact.UserId.ToString();
                await db.Sessions.Where(session => session.Subject == subject).ExecuteUpdateAsync(
                    set => set.SetProperty(session => session.Ip, (string?)null).SetProperty(session => session.UserAgent, (string?)null), cancellationToken);
            }
        }, context.CancellationToken);
    }
}
