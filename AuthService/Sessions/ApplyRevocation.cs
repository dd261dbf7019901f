using MassTransit;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Sessions;

/// <summary>Writes the revocation list; repeated until it succeeds, and harmless when repeated.</summary>
internal sealed class ApplyRevocation(RevocationList list, IOptions<TokensOptions> options) : IConsumer<AccessRevoked>
{
    public Task Consume(ConsumeContext<AccessRevoked> context) => ApplyAsync(list, options.Value, context.Message);

    /// <summary>An entry is kept as long as a token issued just before can live, and the services' clock skew.</summary>
    public static Task ApplyAsync(RevocationList list, TokensOptions options, AccessRevoked fact)
    {
        var keep = options.AccessTokenLifetime + TimeSpan.FromMinutes(1);
        return fact switch
        {
            { SessionId: { } session } => list.RevokeSessionAsync(session, keep),
            { Version: { } version } => list.RevokeUserAsync(fact.UserId, version, keep),
            _ => Task.CompletedTask,
        };
    }
}
