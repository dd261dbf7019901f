using McpPlatform.AuthService.Sessions;
using OpenIddict.EntityFrameworkCore.Models;

namespace McpPlatform.AuthService.Tokens;

/// <summary>OpenIddict's client, with our type of session.</summary>
internal sealed class OAuthClient : OpenIddictEntityFrameworkCoreApplication<Guid, Session, IssuedToken>;

/// <summary>OpenIddict's row of a token, with our type of session.</summary>
internal sealed class IssuedToken : OpenIddictEntityFrameworkCoreToken<Guid, OAuthClient, Session>;
