using McpPlatform.AuthService.Tokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.EntityFrameworkCore.Models;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// OpenIddict's authorization. The ad-hoc ones are sessions, one for each login; the permanent ones are what a person consented to, and have none of the
/// columns below. When it began is <see cref="OpenIddictEntityFrameworkCoreAuthorization{TKey,TApplication,TToken}.CreationDate"/>.
/// </summary>
internal sealed class Session : OpenIddictEntityFrameworkCoreAuthorization<Guid, OAuthClient, IssuedToken>
{
    public const int MaxUserAgentLength = 256;

    /// <summary>How the person logged in; null for a consent.</summary>
    public SessionKind? Kind { get; set; }

    /// <summary>The address that the login came from.</summary>
    public string? Ip { get; set; }

    /// <summary>What the login's client called itself, without what does not print.</summary>
    public string? UserAgent { get; set; }

    /// <summary>When the person last proved who they are: the login, or that of the browser in which a client was let in.</summary>
    public DateTimeOffset? AuthenticatedAt { get; set; }

    /// <summary>The login or the last refresh: use of an access token is not written down.</summary>
    public DateTimeOffset? LastSeenAt { get; set; }
}

internal enum SessionKind
{
    /// <summary>Name and password, at the API or at the pages.</summary>
    Password,

    /// <summary>An OAuth client that the person let in.</summary>
    OAuth,

    /// <summary>Another provider (OpenID Connect).</summary>
    External,
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.Property(session => session.Kind).HasConversion(kind => Name(kind!.Value), name => Enum.Parse<SessionKind>(name, ignoreCase: true)).HasMaxLength(16);
        builder.Property(session => session.Ip).HasMaxLength(45);
        builder.Property(session => session.UserAgent).HasMaxLength(Session.MaxUserAgentLength);
    }

    /// <summary>As it is stored and told: <c>password</c>, <c>oauth</c>, <c>external</c>.</summary>
    public static string Name(SessionKind kind) => kind.ToString().ToLowerInvariant();
}
