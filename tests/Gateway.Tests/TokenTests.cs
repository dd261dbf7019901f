using System.Diagnostics;
using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class TokenTests(GatewayApplication gateway, PlatformServers servers)
{
    public static TheoryData<string> Forgeries =>
    [
        "none", "none with a signature", "hs256 with the public key", "another key under the same kid", "unknown kid", "wrong issuer", "issuer without slash", "wrong audience",
        "no audience", "no type", "type jwt", "id token", "expired", "expired a minute ago", "not yet valid", "no expiry", "changed claim", "cut signature", "rs256", "not a token", "empty",
    ];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Forged_token_is_401(string forgery)
    {
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + Forge(forgery));
        using var response = await client.GetAsync("/api/users/me");
        await response.ProblemAsync(HttpStatusCode.Unauthorized);
        Assert.StartsWith("Bearer", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_expired_within_the_clock_skew_is_accepted()
    {
        var descriptor = gateway.Issuer.Describe(Guid.CreateVersion7(), "alice");
        (descriptor.IssuedAt, descriptor.NotBefore, descriptor.Expires) = (DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddSeconds(-10));
        using var client = gateway.WithToken(TestIssuer.CreateToken(descriptor));
        await (await client.GetAsync("/api/users/me")).EchoAsync();
    }

    [Fact]
    public async Task Revoked_session_is_401_at_once_and_another_session_is_not()
    {
        var user = Guid.CreateVersion7();
        var revoked = gateway.Issuer.Describe(user, "alice");
        var session = revoked.Subject.FindFirst(PlatformClaims.SessionId)!.Value;
        using var first = gateway.WithToken(TestIssuer.CreateToken(revoked));
        using var second = gateway.ClientFor(user);
        await (await first.GetAsync("/api/users/me")).EchoAsync();

        await gateway.Services.GetRequiredService<RevocationList>().RevokeSessionAsync(session, TimeSpan.FromMinutes(10));

        await (await first.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await second.GetAsync("/api/users/me")).EchoAsync();
    }

    [Fact]
    public async Task Without_redis_and_AuthService_a_token_is_neither_believed_nor_refused()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString));
        using var client = own.SignedIn();
        using var anonymous = own.Anonymous();
        await (await client.GetAsync("/api/users/me")).EchoAsync();
        Assert.Equal(HttpStatusCode.OK, (await anonymous.GetAsync("/health")).StatusCode);

        own.Issuer.KnowsRevocations = false;
        await redis.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(1.1));

        using var response = await client.GetAsync("/api/users/me");
        await response.ProblemAsync(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(response.Headers.RetryAfter);
        await (await client.PostAsync("/api/login", null)).EchoAsync();
        using var health = await anonymous.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("\"redis\":\"unhealthy\"", await health.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await anonymous.GetAsync("/alive")).StatusCode);
    }

    [Fact]
    public async Task Without_the_keys_a_token_is_503_and_login_still_works()
    {
        await using var own = await GatewayApplication.StartAsync(servers, ("Authentication:JwksAddress", "http://127.0.0.1:9/jwks"));
        using var client = own.SignedIn();
        var watch = Stopwatch.StartNew();
        await (await client.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.ServiceUnavailable);
        await (await client.PostAsync("/api/login", null)).EchoAsync();
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }

    private string Forge(string forgery)
    {
        var token = gateway.Issuer.Describe(Guid.CreateVersion7(), "mallory", Permissions.UsersManage);
        var good = TestIssuer.CreateToken(token);
        var parts = good.Split('.');
        switch (forgery)
        {
            case "none":
                return $"{Encode("""{"alg":"none","typ":"at+jwt"}""")}.{parts[1]}.";
            case "none with a signature":
                return $"{Encode("""{"alg":"none","typ":"at+jwt"}""")}.{parts[1]}.{parts[2]}";
            case "hs256 with the public key":
                var signed = $"{Encode($$"""{"alg":"HS256","typ":"at+jwt","kid":"{{gateway.Issuer.Key.KeyId}}"}""")}.{parts[1]}";
                var secret = Encoding.ASCII.GetBytes(gateway.Issuer.Key.ECDsa.ExportSubjectPublicKeyInfoPem());
                return $"{signed}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
            case "another key under the same kid":
                token.SigningCredentials = new SigningCredentials(OtherKey(gateway.Issuer.Key.KeyId), SecurityAlgorithms.EcdsaSha256);
                break;
            case "unknown kid":
                token.SigningCredentials = new SigningCredentials(OtherKey("unknown"), SecurityAlgorithms.EcdsaSha256);
                break;
            case "rs256":
                token.SigningCredentials = new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = gateway.Issuer.Key.KeyId }, SecurityAlgorithms.RsaSha256);
                break;
            case "wrong issuer":
                token.Issuer = "http://evil.test/";
                break;
            case "issuer without slash":
                token.Issuer = TestIssuer.Issuer.TrimEnd('/');
                break;
            case "wrong audience":
                token.Audiences.Clear();
                token.Audience = "urn:mcpplatform:other";
                break;
            case "no audience":
                token.Audiences.Clear();
                break;
            case "no type":
                token.TokenType = null;
                break;
            case "type jwt":
                token.TokenType = "JWT";
                break;
            case "id token":
                token.TokenType = "id+jwt";
                break;
            case "expired":
                (token.IssuedAt, token.NotBefore, token.Expires) = (DateTime.UtcNow.AddDays(-2), DateTime.UtcNow.AddDays(-2), DateTime.UtcNow.AddDays(-1));
                break;
            case "expired a minute ago":
                (token.IssuedAt, token.NotBefore, token.Expires) = (DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddHours(-2), DateTime.UtcNow.AddMinutes(-1));
                break;
            case "not yet valid":
                token.NotBefore = DateTime.UtcNow.AddMinutes(5);
                break;
            case "no expiry":
                token.Expires = null;
                break;
            case "changed claim":
                var claims = Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(parts[1])).Replace("mallory", "admin", StringComparison.Ordinal);
                return $"{parts[0]}.{Encode(claims)}.{parts[2]}";
            case "cut signature":
                return good[..^4];
            case "not a token":
                return "mcp";
            case "empty":
                return string.Empty;
            default:
                throw new ArgumentOutOfRangeException(nameof(forgery), forgery, "Not a forgery that is known here.");
        }

        return TestIssuer.CreateToken(token);
    }

    private static string Encode(string json) => Base64UrlEncoder.Encode(json);

    private static ECDsaSecurityKey OtherKey(string id) => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = id };
}
