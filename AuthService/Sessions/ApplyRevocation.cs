using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using StackExchange.Redis;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// Writes a revocation into Redis right after the commit, so that it is in force with the answer. Should that fail nothing is lost: the row is in the database,
/// and <see cref="Revocations.RevocationKeeper"/> copies it, or has everyone ask the database.
/// </summary>
internal static class ApplyRevocation
{
    public static Task ApplyAsync(RevocationList list, TokensOptions options, AccessRevoked fact) => TryAsync(() => fact switch
    {
        { SessionId: { } session } => list.RevokeSessionAsync(session, options.RevocationLifetime),
        { Version: { } version } => list.RevokeUserAsync(fact.UserId, version, options.RevocationLifetime),
        _ => Task.CompletedTask,
    });

    public static Task ApplyToSessionAsync(RevocationList list, TokensOptions options, string session) => TryAsync(() => list.RevokeSessionAsync(session, options.RevocationLifetime));

    private static async Task TryAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // See above.
        }
    }
}
