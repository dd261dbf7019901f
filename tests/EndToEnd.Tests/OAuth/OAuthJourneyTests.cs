using System.Net;
using Microsoft.Playwright;

namespace McpPlatform.EndToEnd.Tests.OAuth;

/// <summary>An MCP client that was told one address, and a person with a browser, through the Gateway and two replicas of AuthService.</summary>
public sealed class OAuthJourneyTests(Platform platform)
{
    private static readonly TimeSpan TwoSeconds = TimeSpan.FromSeconds(2);

    private Uri Endpoint => new(platform.Gateway, "/mcp");

    [Fact]
    public async Task A_client_that_knows_nothing_registers_is_let_in_calls_a_tool_refreshes_and_gives_its_token_back()
    {
        var user = await platform.NewUserAsync();
        await using var person = await Person.SitDownAsync(user.Username, user.Password);
        await using var client = new McpApplication(Endpoint, null, person.OpenPage, page => person.LogInAndAllowAsync(page, "An MCP client"));

        Assert.Equal("Echo: hello", await client.EchoAsync("hello"));
        var (first, refreshToken) = (client.Tokens.AccessToken, client.Tokens.RefreshToken);
        client.Expire();
        Assert.Equal("Echo: again", await client.EchoAsync("again"));

        Assert.Equal(1, client.Logins);
        Assert.NotEqual((first, refreshToken), (client.Tokens.AccessToken, client.Tokens.RefreshToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("/api/users/me", client.Tokens.AccessToken));
        using var http = new HttpClient { BaseAddress = platform.Gateway };
        using var revoked = await http.PostAsync("/connect/revoke", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = client.Tokens.ClientId!, ["token"] = client.Tokens.RefreshToken!,
        }));
        Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        await EndedAsync(client.Tokens.AccessToken);
    }

    [Fact]
    public async Task A_client_with_a_document_is_let_in_until_the_user_ends_it()
    {
        var user = await platform.NewUserAsync();
        await using var person = await Person.SitDownAsync(user.Username, user.Password);
        await using var client = new McpApplication(
            Endpoint, platform.Documents.ClientId, person.OpenPage, page => person.LogInAndAllowAsync(page, DocumentHost.ClientName));

        Assert.Equal("Echo: hello", await client.EchoAsync("hello"));
        Assert.Equal(platform.Documents.ClientId.AbsoluteUri, client.Tokens.ClientId);
        var sessions = await platform.SendAsync(HttpMethod.Get, "/api/auth/sessions", user.Token);
        var session = Assert.Single(sessions.GetProperty("items").EnumerateArray(), one => one.GetProperty("kind").GetString() == "oauth");
        Assert.Equal(DocumentHost.ClientName, session.GetProperty("client").GetString());
        await platform.SendAsync(HttpMethod.Delete, $"/api/auth/sessions/{session.GetProperty("id").GetString()}", user.Token);

        await EndedAsync(client.Tokens.AccessToken);
        using var http = new HttpClient { BaseAddress = platform.Gateway };
        using var refreshed = await http.PostAsync("/connect/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token", ["client_id"] = client.Tokens.ClientId!, ["refresh_token"] = client.Tokens.RefreshToken!,
        }));
        Assert.Equal(HttpStatusCode.BadRequest, refreshed.StatusCode);
    }

    [Fact]
    public async Task Who_says_no_is_asked_no_further()
    {
        var user = await platform.NewUserAsync();
        await using var person = await Person.SitDownAsync(user.Username, user.Password);
        await using var client = new McpApplication(Endpoint, null, person.OpenPage, async page =>
        {
            await person.LogInAsync(page);
            await page.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        });

        await Assert.ThrowsAnyAsync<Exception>(() => client.EchoAsync("hello"));

        Assert.Equal(1, client.Logins);
        Assert.Throws<InvalidOperationException>(() => client.Tokens);
    }

    [Theory]
    [InlineData("/mcp", "mcp")]
    [InlineData("/mcp/a-bundle", "mcp/a-bundle")]
    public async Task From_a_401_the_way_leads_to_every_endpoint(string path, string resource)
    {
        using var refused = await platform.TryAsync(HttpMethod.Post, path, body: new { });
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var challenge = Assert.Single(refused.Headers.WwwAuthenticate);
        var address = System.Text.RegularExpressions.Regex.Match(challenge.Parameter!, "resource_metadata=\"([^\"]+)\"").Groups[1].Value;
        Assert.Equal(("Bearer", new Uri(platform.Gateway, "/.well-known/oauth-protected-resource/" + resource).AbsoluteUri), (challenge.Scheme, address));

        var metadata = await platform.SendAsync(HttpMethod.Get, new Uri(address).PathAndQuery);
        Assert.Equal(platform.Gateway.AbsoluteUri + resource, metadata.GetProperty("resource").GetString());
        Assert.Equal(["header"], metadata.GetProperty("bearer_methods_supported").EnumerateArray().Select(one => one.GetString()));
        var issuer = Assert.Single(metadata.GetProperty("authorization_servers").EnumerateArray()).GetString();
        Assert.Equal(platform.Gateway.AbsoluteUri, issuer);

        var server = await platform.SendAsync(HttpMethod.Get, "/.well-known/oauth-authorization-server");
        Assert.Equal(issuer, server.GetProperty("issuer").GetString());
        var known = server.GetProperty("scopes_supported").EnumerateArray().Select(one => one.GetString()).ToHashSet();
        Assert.All(metadata.GetProperty("scopes_supported").EnumerateArray(), scope => Assert.Contains(scope.GetString(), known));
        foreach (var endpoint in server.EnumerateObject().Where(one => one.Name.EndsWith("_endpoint", StringComparison.Ordinal) || one.Name == "jwks_uri"))
        {
            // Each of them leads through the Gateway to something that answers for itself.
            Assert.StartsWith(issuer!, endpoint.Value.GetString(), StringComparison.Ordinal);
            using var answer = await platform.TryAsync(endpoint.Name == "registration_endpoint" ? HttpMethod.Post : HttpMethod.Get, new Uri(endpoint.Value.GetString()!).AbsolutePath, body: null);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.MethodNotAllowed, $"{endpoint.Name} answered {(int)answer.StatusCode}");
        }
    }

    // At both replicas of the Gateway: so often in a row that each has answered.
    private Task<string> EndedAsync(string token)
    {
        var refused = 0;
        return Platform.EventuallyAsync(TwoSeconds, async () =>
        {
            refused = await StatusAsync("/mcp", token) == HttpStatusCode.Unauthorized ? refused + 1 : 0;
            return refused >= 6 ? "ended" : null;
        }, "the token is refused");
    }

    private async Task<HttpStatusCode> StatusAsync(string path, string token)
    {
        using var response = await platform.TryAsync(path.StartsWith("/mcp", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get, path, token);
        return response.StatusCode;
    }
}
