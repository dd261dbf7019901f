using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
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
    private readonly ConcurrentDictionary<string, bool> revoked = new(StringComparer.Ordinal);
    private int fetches, questions;

    private TestIssuer(WebApplication app, ECDsaSecurityKey key)
    {
        this.app = app;
        Key = key;
    }

    /// <summary>The cookie of a browser in which somebody is logged in: it holds the user's id.</summary>
    public const string BrowserCookie = "test-browser";

    /// <summary>The audience of every MCP endpoint.</summary>
    public static string McpAudience => Issuer + "mcp";

    /// <summary>The <c>iss</c> of the tokens.</summary>
    public static string Issuer => "http://platform.test/";

    /// <summary>The private key, for tests that sign something wrong; <see cref="Rotate"/> makes another one.</summary>
    public ECDsaSecurityKey Key { get; private set; }

    /// <summary>How often the public keys were fetched.</summary>
    public int Fetches => Volatile.Read(ref fetches);

    /// <summary>How often it was asked what is revoked.</summary>
    public int Questions => Volatile.Read(ref questions);

    /// <summary>False: it answers 503 when asked what is revoked.</summary>
    public bool KnowsRevocations { get; set; } = true;

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
        var key = NewKey();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        var issuer = new TestIssuer(server, key);
        server.MapGet("/.well-known/jwks.json", () => issuer.PublishKey());
        server.MapPost("/internal/revocations/check", issuer.Answer);
        server.MapGet("/internal/browser-session", (HttpRequest request) =>
            Guid.TryParse(request.Cookies[BrowserCookie], out var user) ? Results.Json(new { user_id = user }) : Results.Unauthorized());
        await server.StartAsync();
        return issuer;
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
            Audiences = { Audience, McpAudience },
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

    /// <summary>Another key takes the place of the present one, whose tokens are worth nothing from now on.</summary>
    public void Rotate() => Key = NewKey();

    /// <summary>Ends a session, where Redis does not know it.</summary>
    /// <param name="session">The tokens' <c>sid</c>.</param>
    public void Revoke(string session) => revoked[session] = true;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static ECDsaSecurityKey NewKey() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = Guid.CreateVersion7().ToString("N") };

    private IResult PublishKey()
    {
        Interlocked.Increment(ref fetches);
        var point = Key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return Results.Json(new
        {
            keys = new[]
            {
                new { kty = "EC", use = "sig", alg = "ES256", kid = Key.KeyId, crv = "P-256", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y) },
            },
        });
    }

    private IResult Answer(JsonElement body)
    {
        if (!KnowsRevocations)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }

        var queries = body.GetProperty("queries").EnumerateArray().ToList();
        Interlocked.Add(ref questions, queries.Count);
        return Results.Json(new
        {
            revoked = queries.Select(query => revoked.ContainsKey(query.GetProperty("session").GetString()!)),
            keys = RevocationList.Fingerprint([Key.KeyId]),
        });
    }
}
