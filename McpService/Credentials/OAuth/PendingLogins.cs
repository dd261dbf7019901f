using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using McpPlatform.ServiceDefaults.Secrets;
using StackExchange.Redis;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>A login that somebody has begun. What it needs at its end was decided at its beginning: nothing is taken from the browser.</summary>
internal sealed record PendingLogin
{
    public required Guid ServerId { get; init; }

    public required string ServerName { get; init; }

    /// <summary>Who began it, and has to end it.</summary>
    public required Guid User { get; init; }

    /// <summary>Whether the tokens are for everybody.</summary>
    public required bool ForEverybody { get; init; }

    public required string Issuer { get; init; }

    /// <summary>Whether the answer has to name the issuer (RFC 9207).</summary>
    public required bool IsNamed { get; init; }

    public required Uri TokenEndpoint { get; init; }

    public Uri? RevocationEndpoint { get; init; }

    public required OAuthClient Client { get; init; }

    public required string Resource { get; init; }

    public string? Scopes { get; init; }

    /// <summary>The secret of PKCE.</summary>
    public required string Verifier { get; init; }

    /// <summary>Where the browser goes next.</summary>
    public required string AuthorizationAddress { get; init; }

    public override string ToString() => ServerName;
}

/// <summary>Keeps logins that have begun, for ten minutes, encrypted, in Redis, where every replica finds them. Each ends once.</summary>
internal sealed class PendingLogins(IConnectionMultiplexer redis, SecretProtector protector)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>A secret that nobody guesses.</summary>
    public static string NewSecret() => System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public Task AddAsync(string id, PendingLogin login) =>
        redis.GetDatabase().StringSetAsync(Key(id), protector.Protect(JsonSerializer.SerializeToUtf8Bytes(login), Context(id)), Lifetime);

    public async Task<PendingLogin?> FindAsync(string id) => Read(id, await redis.GetDatabase().StringGetAsync(Key(id)));

    public async Task<PendingLogin?> TakeAsync(string id) => Read(id, await redis.GetDatabase().StringGetDeleteAsync(Key(id)));

    private PendingLogin? Read(string id, RedisValue value)
    {
        try
        {
            return value.IsNull ? null : JsonSerializer.Deserialize<PendingLogin>(protector.Unprotect((byte[])value!, Context(id)));
        }
        catch (SecretUnreadableException)
        {
            // From before the operator's keys changed: begin again.
            return null;
        }
    }

    // Who reads Redis cannot end a login: the id is not there.
    private static string Key(string id) => "mcp:login:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    private static string Context(string id) => "mcp_login|" + Key(id);
}
