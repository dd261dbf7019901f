using System.Globalization;
using System.Security.Claims;
using McpPlatform.Contracts.Identity;
using StackExchange.Redis;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>Access tokens that ended before they expire. AuthService writes it; the Gateway and every service look before they trust a token.</summary>
/// <param name="redis">Where it is kept.</param>
public sealed class RevocationList(IConnectionMultiplexer redis)
{
    // Messages may be repeated: an old one must not bring tokens back.
    private const string RaiseVersion = """
        local current = tonumber(redis.call('GET', KEYS[1]) or '-1')
        if tonumber(ARGV[1]) > current then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
        """;

    /// <summary>Ends the tokens of one session.</summary>
    /// <param name="sessionId">The tokens' <c>sid</c>.</param>
    /// <param name="keep">How long an access token can still live: after that the entry is of no use.</param>
    /// <returns>When it is in force everywhere.</returns>
    /// <exception cref="RedisException">Redis did not take it.</exception>
    public Task RevokeSessionAsync(string sessionId, TimeSpan keep) =>
        redis.GetDatabase().StringSetAsync(SessionKey(sessionId), "1", keep);

    /// <summary>Ends all of a user's tokens of an older version.</summary>
    /// <param name="userId">The tokens' <c>sub</c>.</param>
    /// <param name="version">Tokens whose <c>ver</c> is lower end. A lower version than is in force changes nothing.</param>
    /// <param name="keep">How long an access token can still live.</param>
    /// <returns>When it is in force everywhere.</returns>
    /// <exception cref="RedisException">Redis did not take it.</exception>
    public Task RevokeUserAsync(Guid userId, long version, TimeSpan keep) =>
        redis.GetDatabase().ScriptEvaluateAsync(RaiseVersion, [UserKey(userId.ToString())], [version, (long)keep.TotalMilliseconds]);

    /// <summary>Whether a validated token has ended. One round trip.</summary>
    /// <param name="principal">The token's claims.</param>
    /// <returns>True when the token is worth nothing any more.</returns>
    /// <exception cref="RedisException">Redis did not answer: the caller must refuse, not allow.</exception>
    public async Task<bool> IsRevokedAsync(ClaimsPrincipal principal)
    {
        var subject = principal.FindFirstValue(PlatformClaims.Subject) ?? string.Empty;
        var session = principal.FindFirstValue(PlatformClaims.SessionId) ?? string.Empty;
        var found = await redis.GetDatabase().StringGetAsync([SessionKey(session), UserKey(subject)]);
        return found[0].HasValue || (found[1].HasValue && Version(principal) < (long)found[1]);
    }

    private static long Version(ClaimsPrincipal principal) =>
        long.TryParse(principal.FindFirstValue(PlatformClaims.Version), CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static RedisKey SessionKey(string sessionId) => "revoked:session:" + sessionId;

    private static RedisKey UserKey(string userId) => "revoked:user:" + userId;
}
