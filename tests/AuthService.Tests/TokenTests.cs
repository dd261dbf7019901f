using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class TokenTests(AuthServiceApplication app, PlatformServers servers)
{
    [Fact]
    public async Task An_access_token_verifies_with_the_published_keys_and_says_what_services_check()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call", "mcp.servers.read");
        var (token, _) = await app.LogInAsync(username);
        var keys = new JsonWebKeySet(await app.Client().GetStringAsync("/.well-known/jwks.json"));

        var result = await new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = AuthServiceApplication.Issuer, ValidAudience = "urn:mcpplatform:api", IssuerSigningKeys = keys.GetSigningKeys(),
            ValidAlgorithms = ["ES256"], ValidTypes = ["at+jwt"],
        });

        Assert.True(result.IsValid, result.Exception?.Message);
        var jwt = (JsonWebToken)result.SecurityToken;
        Assert.Equal((id.ToString(), username), (jwt.Subject, jwt.GetClaim(PlatformClaims.Username).Value));
        Assert.Equal(["mcp.tools.call", "mcp.servers.read"], jwt.Claims.Where(claim => claim.Type == PlatformClaims.Permission).Select(claim => claim.Value));
        Assert.NotEmpty(jwt.GetClaim(PlatformClaims.SessionId).Value);
        Assert.All(keys.Keys, key => Assert.Equal(("EC", "ES256", null), (key.Kty, key.Alg, key.D)));
    }

    [Fact]
    public async Task Roles_and_permissions_are_arrays_however_many_there_are()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var (token, _) = await app.LogInAsync(username);
        var (_, nobody) = await app.CreateAccountAsync();

        var one = Payload(token);
        var none = Payload((await app.LogInAsync(nobody)).AccessToken);

        Assert.Equal(("[\"user\"]", "[\"mcp.tools.call\"]"), (one.GetProperty(PlatformClaims.Role).GetRawText(), one.GetProperty(PlatformClaims.Permission).GetRawText()));
        Assert.Equal("[]", none.GetProperty(PlatformClaims.Permission).GetRawText());
    }

    [Fact]
    public async Task Only_UserService_gets_a_token_that_makes_accounts()
    {
        Assert.Equal(["accounts.manage"], Permissions(await app.ServiceTokenAsync()));
        using var another = await app.AskForServiceTokenAsync("another", AuthServiceApplication.ClientSecret);
        using var impostor = await app.AskForServiceTokenAsync("userservice", "not the secret of userservice");

        Assert.Empty(Permissions((await AuthServiceApplication.JsonAsync(another)).GetProperty("access_token").GetString()!));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, impostor.StatusCode);
    }

    [Fact]
    public async Task A_removed_key_is_refused_at_once_and_the_sessions_go_on()
    {
        await using var rotated = new AuthServiceApplication(servers);
        await rotated.InitializeAsync();
        var (_, username) = await rotated.CreateAccountAsync();
        var (token, refresh) = await rotated.LogInAsync(username);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await rotated.Client(token).GetAsync("/api/auth/me")).StatusCode);

        using var ecdsa = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var next = new SigningCredentials(new ECDsaSecurityKey(ecdsa) { KeyId = "next" }, SecurityAlgorithms.EcdsaSha256);
        rotated.Keys.Replace(rotated.Keys.Current with { Access = next, Published = [next] });

        var pair = await AuthServiceApplication.JsonAsync(await rotated.PostAsync("/api/auth/refresh", new { refresh_token = refresh }));
        Assert.Equal(System.Net.HttpStatusCode.OK, (await rotated.Client(pair.GetProperty("access_token").GetString()).GetAsync("/api/auth/me")).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await rotated.Client(token).GetAsync("/api/auth/me")).StatusCode);
    }

    [Fact]
    public async Task Discovery_tells_our_addresses_whatever_host_was_asked_for()
    {
        using var client = app.Client();
        client.DefaultRequestHeaders.Host = "evil.example";

        foreach (var path in (string[])["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
        {
            var document = await client.GetStringAsync(path);
            Assert.DoesNotContain("evil", document, StringComparison.Ordinal);
            Assert.Contains($"\"{AuthServiceApplication.Issuer}\"", document, StringComparison.Ordinal);
            Assert.DoesNotContain("grant-type:login", document, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Keys_lie_encrypted_and_are_the_same_for_every_replica()
    {
        var rows = await app.InDatabaseAsync(db => db.SigningKeys.AsNoTracking().ToListAsync());

        Assert.Equal(3, rows.Count);
        Assert.Equal(3, rows.Select(row => row.Use).Distinct().Count());
        Assert.All(rows, row => Assert.ThrowsAny<Exception>(() =>
        {
            using var key = System.Security.Cryptography.ECDsa.Create();
            key.ImportPkcs8PrivateKey(row.ProtectedKey, out _);
        }));
    }

    [Fact]
    public async Task What_UserService_says_is_in_the_next_token()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");

        await app.PublishAsync(Grants(id, 1, "mcp.tools.call", "analytics.read"));

        await AuthServiceApplication.EventuallyAsync(async () => Permissions((await app.LogInAsync(username)).AccessToken).Contains("analytics.read") ? "yes" : null);
    }

    [Fact]
    public async Task An_older_word_of_UserService_changes_nothing()
    {
        var (id, username) = await app.CreateAccountAsync();

        await app.PublishAsync(Grants(id, 2, "audit.read"));
        await AuthServiceApplication.EventuallyAsync(async () => Permissions((await app.LogInAsync(username)).AccessToken).Contains("audit.read") ? "yes" : null);
        await app.PublishAsync(Grants(id, 1, "users.manage"));
        await app.PublishAsync(Grants(id, 3, "tests.read"));
        await AuthServiceApplication.EventuallyAsync(async () => Permissions((await app.LogInAsync(username)).AccessToken) is ["tests.read"] ? "yes" : null);
    }

    [Fact]
    public async Task A_permission_that_is_taken_away_ends_the_tokens_that_say_it_and_the_session_goes_on()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call", "users.manage");
        var (token, refresh) = await app.LogInAsync(username);

        await app.PublishAsync(Grants(id, 1, "mcp.tools.call"));

        await AuthServiceApplication.EventuallyAsync(async () => (await app.Client(token).GetAsync("/api/auth/me")).StatusCode == System.Net.HttpStatusCode.Unauthorized ? "ended" : null);
        var next = (await AuthServiceApplication.JsonAsync(await app.PostAsync("/api/auth/refresh", new { refresh_token = refresh }))).GetProperty("access_token").GetString()!;
        Assert.Equal(["mcp.tools.call"], Permissions(next));
        Assert.Equal(System.Net.HttpStatusCode.OK, (await app.Client(next).GetAsync("/api/auth/me")).StatusCode);
    }

    [Fact]
    public async Task A_disabled_account_is_out_and_an_enabled_one_may_come_back()
    {
        var (id, username) = await app.CreateAccountAsync();
        var (token, refresh) = await app.LogInAsync(username);

        await app.PublishAsync(new UserDisabled { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = 1 });

        await AuthServiceApplication.EventuallyAsync(async () => (await app.Client(token).GetAsync("/api/auth/me")).StatusCode == System.Net.HttpStatusCode.Unauthorized ? "out" : null);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = refresh })).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password })).StatusCode);

        await app.PublishAsync(new UserEnabled { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = 2 });

        await AuthServiceApplication.EventuallyAsync(async () =>
            (await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password })).StatusCode == System.Net.HttpStatusCode.OK ? "in" : null);
    }

    private static GrantsChanged Grants(Guid id, long version, params string[] permissions) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = version, Roles = ["user"], Permissions = permissions,
    };

    private static System.Text.Json.JsonElement Payload(string token) =>
        System.Text.Json.JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1])).RootElement;

    private static List<string> Permissions(string token) =>
        [.. new JsonWebToken(token).Claims.Where(claim => claim.Type == PlatformClaims.Permission).Select(claim => claim.Value)];
}
