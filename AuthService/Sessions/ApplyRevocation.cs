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

    public static Task ApplyAsync(RevocationList list, TokensOptions options, AccessRevoked fact) => fact switch
    {
        { SessionId: { } session } => ApplyToSessionAsync(list, options, session),
        { Version: { } version } => list.RevokeUserAsync(fact.UserId, version, Keep(options)),
        _ => Task.CompletedTask,
    };

    public static Task ApplyToSessionAsync(RevocationList list, TokensOptions options, string session) => list.RevokeSessionAsync(session, Keep(options));

    // As long as a token issued just before can live, and the services' clock skew.
    private static TimeSpan Keep(TokensOptions options) => options.AccessTokenLifetime + TimeSpan.FromMinutes(1);
}
