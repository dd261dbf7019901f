using System.Security.Claims;
using System.Security.Cryptography;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.TestSupport;

/// <summary>Stands where AuthService stands: an ES256 key, its JWKS endpoint on a free port, and really signed access tokens.</summary>
public sealed class TestIssuer : IAsyncDisposable
{
    /// <summary>The audience that services expect.</summary>
    public const string Audience = "urn:mcpplatform:api";

    private readonly WebApplication app;

    private TestIssuer(WebApplication app, ECDsaSecurityKey key)
    {
        this.app = app;
        Key = key;
    }

    /// <summary>The <c>iss</c> of the tokens.</summary>
    public static string Issuer => "http://platform.test/";

    /// <summary>The private key, for tests that sign something wrong.</summary>
    public ECDsaSecurityKey Key { get; }

    /// <summary>Where the public key is served.</summary>
    public string JwksAddress => app.Urls.First() + "/.well-known/jwks.json";

    /// <summary>The settings that make a service trust this issuer.</summary>
    public IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["Authentication:Issuer"] = Issuer,
        ["Authentication:JwksAddress"] = JwksAddress,
    };

    /// <summary>Makes a key and serves it.</summary>
    public static async Task<TestIssuer> StartAsync()
    {
        var key = new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Guid.CreateVersion7().ToString("N") };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        var jwks = new
        {
            keys = new[]
            {
                new { kty = "EC", use = "sig", alg = "ES256", kid = key.KeyId, crv = "P-256", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y) },
            },
        };
        server.MapGet("/.well-known/jwks.json", () => Results.Json(jwks));
        await server.StartAsync();
        return new TestIssuer(server, key);
    }

    /// <summary>The policy that services of tests begin with: the built-in roles, no rules.</summary>
    public static AccessPolicy Policy { get; } = AccessPolicy.Empty with
    {
        Version = 1,
        Roles = [.. BuiltInRoles.Permissions.Select(role => new PolicyRole(role.Key, role.Value))],
    };

    /// <summary>An access token as AuthService makes them, of somebody with the admin's role, which gives whatever the token allows.</summary>
    /// <param name="userId">Its <c>sub</c>.</param>
    /// <param name="username">Its <c>username</c>.</param>
    /// <param name="permissions">What it allows.</param>
    public string CreateToken(Guid userId, string username, params string[] permissions) =>
        CreateToken(Describe(userId, username, permissions));

    /// <summary>An access token of somebody with these roles, teams and limits.</summary>
    /// <param name="username">Its <c>username</c>.</param>
    /// <param name="caller">The rest of it.</param>
    public string CreateToken(string username, Caller caller)
    {
        var token = Describe(caller.UserId, username, [.. caller.Permissions]);
        token.Subject.RemoveClaim(token.Subject.FindFirst(PlatformClaims.Role));
        token.Subject.AddClaims(caller.Roles.Select(role => new Claim(PlatformClaims.Role, role)));
        token.Subject.AddClaims(caller.Teams.Select(team => new Claim(PlatformClaims.Team, team)));
        token.Subject.AddClaims(caller.Limits.Select(limit => new Claim(PlatformClaims.Limit, limit)));
        return CreateToken(token);
    }

    /// <summary>A token of another shape.</summary>
    public static string CreateToken(SecurityTokenDescriptor descriptor) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);

    /// <summary>What <see cref="CreateToken(Guid, string, string[])"/> signs, for tests that change one thing.</summary>
    public SecurityTokenDescriptor Describe(Guid userId, string username, params string[] permissions)
    {
        var now = DateTime.UtcNow;
        return new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            TokenType = "at+jwt",
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddMinutes(10),
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.EcdsaSha256),
            Subject = new ClaimsIdentity(
            [
                new Claim(PlatformClaims.Subject, userId.ToString()),
                new Claim(PlatformClaims.Username, username),
                new Claim(PlatformClaims.SessionId, Guid.CreateVersion7().ToString()),
                new Claim(PlatformClaims.Role, BuiltInRoles.Admin),
                .. permissions.Select(permission => new Claim(PlatformClaims.Permission, permission)),
            ]),
        };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();
}
