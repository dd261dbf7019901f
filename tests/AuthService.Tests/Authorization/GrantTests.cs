using System.Net;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using Microsoft.IdentityModel.Tokens;
using static McpPlatform.AuthService.Tests.AuthServiceApplication;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>What a client has of its code, and how long.</summary>
[Collection(AuthServiceCollection.Name)]
public sealed class GrantTests(AuthServiceApplication app)
{
    private const string Api = "urn:mcpplatform:api";

    [Fact]
    public async Task A_refreshed_token_keeps_scopes_and_resources_and_can_be_asked_to_have_less()
    {
        var (client, tokens) = await GrantAsync("mcp.tools.call db.query offline_access", Issuer + "mcp/tools-a");

        var same = await JsonAsync(await client.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!));
        Assert.Equal(["db.query", "mcp.tools.call"], OAuthClient.List(OAuthClient.Payload(same), "permissions"));
        Assert.Equal([Issuer + "mcp/tools-a"], OAuthClient.List(OAuthClient.Payload(same), "aud"));

        var less = await JsonAsync(await client.RefreshAsync(same.GetProperty("refresh_token").GetString()!, ("scope", "db.query")));
        Assert.Equal(["db.query"], OAuthClient.List(OAuthClient.Payload(less), "permissions"));
        Assert.Equal("db.query", OAuthClient.Payload(less).GetProperty("scope").GetString());

        var all = await JsonAsync(await client.RefreshAsync(less.GetProperty("refresh_token").GetString()!));
        Assert.Equal(["db.query", "mcp.tools.call"], OAuthClient.List(OAuthClient.Payload(all), "permissions"));
    }

    [Fact]
    public async Task Of_two_resources_one_token_can_be_for_one_and_the_next_for_the_other()
    {
        var (client, code) = await CodeAsync("mcp.tools.call offline_access", Issuer + "mcp", Api);

        var first = await JsonAsync(await client.RedeemAsync(code, ("resource", Api)));
        Assert.Equal([Api], OAuthClient.List(OAuthClient.Payload(first), "aud"));
        var second = await JsonAsync(await client.RefreshAsync(first.GetProperty("refresh_token").GetString()!, ("resource", Issuer + "mcp")));
        Assert.Equal([Issuer + "mcp"], OAuthClient.List(OAuthClient.Payload(second), "aud"));
        var both = await JsonAsync(await client.RefreshAsync(second.GetProperty("refresh_token").GetString()!));
        Assert.Equal([Issuer + "mcp", Api], OAuthClient.List(OAuthClient.Payload(both), "aud"));
    }

    [Fact]
    public async Task Outside_of_what_was_granted_there_is_nothing()
    {
        var (client, code) = await CodeAsync("mcp.tools.call offline_access", Issuer + "mcp/tools-a");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_target"), await OAuthClient.ErrorAsync(await client.RedeemAsync(code, ("resource", Issuer + "mcp/tools-b"))));

        var (other, tokens) = await GrantAsync("mcp.tools.call offline_access", Issuer + "mcp/tools-a");
        var refresh = tokens.GetProperty("refresh_token").GetString()!;
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_target"), await OAuthClient.ErrorAsync(await other.RefreshAsync(refresh, ("resource", Api))));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_scope"), await OAuthClient.ErrorAsync(await other.RefreshAsync(refresh, ("scope", "users.manage"))));
        await JsonAsync(await other.RefreshAsync(refresh));
    }

    [Fact]
    public async Task Without_offline_access_there_is_no_refresh_token_but_for_an_MCP_client_that_registered_for_it()
    {
        var (_, api) = await GrantAsync("mcp.tools.call", Api);
        var (_, openid) = await GrantAsync("openid mcp.tools.call", Issuer + "mcp");
        var (_, mcp) = await GrantAsync("mcp.tools.call", Issuer + "mcp");

        Assert.False(api.TryGetProperty("refresh_token", out _));
        Assert.False(openid.TryGetProperty("refresh_token", out _));
        Assert.True(mcp.TryGetProperty("refresh_token", out _));
    }

    [Fact]
    public async Task A_refresh_token_of_one_client_is_worth_nothing_to_another()
    {
        var (_, tokens) = await GrantAsync("offline_access", Issuer + "mcp");
        var thief = await OAuthClient.RegisterAsync(app);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), await OAuthClient.ErrorAsync(await thief.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!)));
    }

    [Fact]
    public async Task Revoking_a_refresh_token_ends_the_access_token_beside_it_and_no_other_session()
    {
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        var (_, username) = await app.CreateAccountAsync();
        var (first, second) = (await GrantAsync("offline_access openid", Api, username), await GrantAsync("offline_access openid", Api, username));

        using var revoked = await first.Client.RevokeAsync(first.Tokens.GetProperty("refresh_token").GetString()!);

        Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(first.Tokens));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(second.Tokens));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), await OAuthClient.ErrorAsync(await first.Client.RefreshAsync(first.Tokens.GetProperty("refresh_token").GetString()!)));
        await audit.WaitForAsync(record => record.Action == "oauth.revoke" && record.Details?["client_id"] == first.Client.Id);
    }

    [Fact]
    public async Task Nobody_revokes_what_belongs_to_another_client_and_garbage_is_no_error()
    {
        var (client, tokens) = await GrantAsync("offline_access", Api);
        var thief = await OAuthClient.RegisterAsync(app);

        using var stolen = await thief.RevokeAsync(tokens.GetProperty("refresh_token").GetString()!);
        using var garbage = await client.RevokeAsync("garbage");

        Assert.InRange((int)stolen.StatusCode, 200, 400);
        Assert.Equal(HttpStatusCode.OK, garbage.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(tokens));
    }

    [Fact]
    public async Task The_id_token_and_userinfo_say_who_it_is_while_the_session_lasts()
    {
        var (_, username) = await app.CreateAccountAsync();
        var (client, tokens) = await GrantAsync("openid offline_access", Issuer + "mcp", username, ("nonce", "the nonce"));
        var id = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(tokens.GetProperty("id_token").GetString()!.Split('.')[1])).RootElement;
        Assert.Equal((username, "the nonce", client.Id), (id.GetProperty("preferred_username").GetString(), id.GetProperty("nonce").GetString(), id.GetProperty("aud").GetString()));
        Assert.InRange(id.GetProperty("auth_time").GetInt64(), DateTimeOffset.UtcNow.AddMinutes(-2).ToUnixTimeSeconds(), DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.False(id.TryGetProperty("permissions", out _));

        var http = app.Client(tokens.GetProperty("access_token").GetString());
        var info = await JsonAsync(await http.GetAsync("/connect/userinfo"));
        Assert.Equal((id.GetProperty("sub").GetString(), username), (info.GetProperty("sub").GetString(), info.GetProperty("preferred_username").GetString()));

        await client.RevokeAsync(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/connect/userinfo")).StatusCode);
    }

    [Fact]
    public async Task Userinfo_needs_a_token_with_the_scope_openid()
    {
        var (_, tokens) = await GrantAsync("mcp.tools.call", Issuer + "mcp");

        Assert.Equal(HttpStatusCode.Forbidden, (await app.Client(tokens.GetProperty("access_token").GetString()).GetAsync("/connect/userinfo")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Client("garbage").GetAsync("/connect/userinfo")).StatusCode);
        Assert.InRange((int)(await app.Client().GetAsync("/connect/userinfo")).StatusCode, 400, 401);
    }

    [Fact]
    public async Task Reuse_of_a_refresh_token_ends_the_session()
    {
        var (client, tokens) = await GrantAsync("offline_access", Api);
        var old = tokens.GetProperty("refresh_token").GetString()!;
        var next = await JsonAsync(await client.RefreshAsync(old));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), await OAuthClient.ErrorAsync(await client.RefreshAsync(old)));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), await OAuthClient.ErrorAsync(await client.RefreshAsync(next.GetProperty("refresh_token").GetString()!)));
        await EventuallyAsync(async () => await MeAsync(next) == HttpStatusCode.Unauthorized ? "ended" : null);
    }

    [Fact]
    public async Task A_session_of_a_client_is_one_of_its_own_kind()
    {
        var (_, username) = await app.CreateAccountAsync();
        var (client, tokens) = await GrantAsync("offline_access", Api, username);
        var session = Guid.Parse(OAuthClient.Payload(tokens).GetProperty("sid").GetString()!);

        var row = await app.InDatabaseAsync(async db => (await db.Sessions.FindAsync(session))!);

        Assert.Equal((AuthService.Sessions.SessionKind.OAuth, "ad-hoc"), (row.Kind!.Value, row.Type));
        Assert.NotEqual(default, row.AuthenticatedAt);
        Assert.NotNull(client.Id);
    }

    private async Task<HttpStatusCode> MeAsync(JsonElement tokens) => (await app.Client(tokens.GetProperty("access_token").GetString()).GetAsync("/api/auth/me")).StatusCode;

    private async Task<(OAuthClient Client, JsonElement Tokens)> GrantAsync(string scope, string resource, string? username = null, params (string, string?)[] more)
    {
        username ??= (await app.CreateAccountAsync("mcp.tools.call", "db.query")).Username;
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var code = await client.CodeAsync(browser, username, [("scope", scope), ("resource", resource), .. more]);
        return (client, await JsonAsync(await client.RedeemAsync(code)));
    }

    private async Task<(OAuthClient Client, string Code)> CodeAsync(string scope, params string[] resources)
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        return (client, await client.CodeAsync(browser, username, [("scope", scope), .. resources.Select(resource => ("resource", (string?)resource))]));
    }
}
