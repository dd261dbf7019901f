using System.Net;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>A key from its making to its end, through the true services.</summary>
public sealed class ApiKeyJourneyTests(Platform platform)
{
    [Fact]
    public async Task A_key_does_what_it_was_made_for_and_nothing_else_until_it_is_deleted()
    {
        var user = await platform.NewUserAsync();
        var made = await platform.SendAsync(HttpMethod.Post, "/api/auth/api-keys", user.Token, new { name = "script", scopes = new[] { "mcp.servers.read", "mcp.tools.call", "server:everything" } });
        var key = made.GetProperty("key").GetString()!;
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Get, "/api/users/me", key[..^1] + (key[^1] == 'x' ? 'y' : 'x')));

        var result = await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/get-sum/call", key, new { arguments = new { a = 19, b = 23 } });
        Assert.Contains("42", result.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);

        // Of what its owner may do, what it was not made for is refused; and a key makes no keys.
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Get, "/api/db/connections", key));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(HttpMethod.Post, "/api/auth/api-keys", key, new { name = "another", scopes = new[] { "mcp.tools.call" } }));

        await platform.SendAsync(HttpMethod.Delete, $"/api/auth/api-keys/{made.GetProperty("id").GetString()}", user.Token);
        await Platform.EventuallyAsync(
            TimeSpan.FromSeconds(2), async () => await StatusAsync(HttpMethod.Get, "/api/mcp/servers", key) == HttpStatusCode.Unauthorized ? "ended" : null, "the key is refused");
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string token, object? body = null)
    {
        using var response = await platform.TryAsync(method, path, token, body);
        return response.StatusCode;
    }
}
