using System.Text.Json;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>The tokens that an authorization server gave: for everybody, or for one user.</summary>
internal sealed class UpstreamToken
{
    private UpstreamToken()
    {
    }

    public Guid Id { get; private init; }

    public Guid ServerId { get; private init; }

    /// <summary>Whose; null for everybody's.</summary>
    public Guid? UserId { get; private init; }

    public byte[] ProtectedTokens { get; private set; } = [];

    /// <summary>The name of the key that they are encrypted under.</summary>
    public string TokensKey { get; private set; } = string.Empty;

    public string Issuer { get; private set; } = string.Empty;

    public string? Scopes { get; private set; }

    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>From when on it is renewed before it is used.</summary>
    public DateTimeOffset? RenewAt { get; private set; }

    /// <summary>Why it is of use no more; null while it is.</summary>
    public string? Lapsed { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    private string Context => $"upstream_tokens|{Id}|{ServerId}|{UserId}";

    public static UpstreamToken Create(Guid server, Guid? user, DateTimeOffset now) => new() { Id = Guid.CreateVersion7(now), ServerId = server, UserId = user };

    public void Set(SecretProtector protector, TokenSet tokens, DateTimeOffset now)
    {
        (Issuer, Scopes, Lapsed, UpdatedAt) = (tokens.Issuer, tokens.Scopes, null, now);
        ExpiresAt = tokens.Lifetime is { } lifetime ? now + lifetime : null;

        // A minute before the end, or earlier: clocks differ, and a call takes its time. Short-lived ones keep most of their life.
        RenewAt = tokens.Lifetime is { } whole ? now + whole - TimeSpan.FromTicks(Math.Min(whole.Ticks / 5, TimeSpan.TicksPerMinute)) : null;
        Protect(protector, JsonSerializer.SerializeToUtf8Bytes(tokens));
    }

    public void Lapse(string cause, DateTimeOffset now) => (Lapsed, UpdatedAt) = (cause, now);

    /// <exception cref="SecretUnreadableException">They cannot be decrypted.</exception>
    public TokenSet Tokens(SecretProtector protector) => JsonSerializer.Deserialize<TokenSet>(protector.Unprotect(ProtectedTokens, Context))!;

    /// <summary>Encrypts them anew, under the key that is active now.</summary>
    public void Rewrap(SecretProtector protector) => Protect(protector, protector.Unprotect(ProtectedTokens, Context));

    private void Protect(SecretProtector protector, byte[] tokens) => (ProtectedTokens, TokensKey) = (protector.Protect(tokens, Context), protector.ActiveKey);
}

/// <summary>What an authorization server gave, and all that renewing it needs: it goes back to that server and to no other.</summary>
/// <param name="Issuer">The authorization server.</param>
/// <param name="TokenEndpoint">Its token endpoint.</param>
/// <param name="Client">The platform's client there.</param>
/// <param name="Resource">The server that the token is for (RFC 8707).</param>
/// <param name="AccessToken">The access token.</param>
/// <param name="RefreshToken">The refresh token.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="Lifetime">How long the access token lives.</param>
internal sealed record TokenSet(
    string Issuer, Uri TokenEndpoint, OAuthClient Client, string Resource, string AccessToken, string? RefreshToken, string? Scopes, TimeSpan? Lifetime)
{
    /// <summary>Where tokens are ended (RFC 7009).</summary>
    public Uri? RevocationEndpoint { get; init; }

    // A record prints its members, and logs print records.
    public override string ToString() => Issuer;
}

/// <summary>A client of an authorization server.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Secret">Its secret; null for a public client.</param>
/// <param name="Method">How the secret is shown: <c>client_secret_basic</c> or <c>client_secret_post</c>.</param>
internal sealed record OAuthClient(string Id, string? Secret = null, string Method = OAuthClient.Basic)
{
    public const string Basic = "client_secret_basic", Post = "client_secret_post";

    public override string ToString() => Id;
}

internal sealed class UpstreamTokenConfiguration : IEntityTypeConfiguration<UpstreamToken>
{
    public void Configure(EntityTypeBuilder<UpstreamToken> builder)
    {
        builder.ToTable("upstream_tokens");
        builder.HasKey(row => row.Id);
        builder.Property(row => row.Id).ValueGeneratedNever();
        builder.Property(row => row.TokensKey).HasMaxLength(128);
        builder.Property(row => row.Issuer).HasMaxLength(ServerUrls.MaxLength);
        builder.Property(row => row.Lapsed).HasMaxLength(1024);
        builder.HasIndex(row => new { row.ServerId, row.UserId }).IsUnique().AreNullsDistinct(false);
        builder.HasOne<Server>().WithMany().HasForeignKey(row => row.ServerId).OnDelete(DeleteBehavior.Cascade);
    }
}
