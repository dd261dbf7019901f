using System.Net;
using System.Text.Json;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>Who sits at a browser that goes on to another authorization server.</summary>
public sealed class IdentifyTests(AuthServiceApplication app) : IClassFixture<AuthServiceApplication>
{
    [Fact]
    public async Task A_browser_logs_in_before_it_goes_on_and_is_known_by_its_cookie()
    {
        var (id, username) = await app.CreateAccountAsync();
        using var browser = app.Browser();
        var page = await browser.GetAsync("/connect/identify?login=a-ticket_1");
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("MCP servers", WebUtility.HtmlDecode(page.Html), StringComparison.Ordinal);

        var back = await OAuthClient.LogInAsync(browser, page, username);
        Assert.Equal("/connect/identify?login=a-ticket_1", back.Location);
        Assert.Equal("/api/mcp/oauth/start?login=a-ticket_1", (await browser.GetAsync(back.Location!)).Location);
        var known = await browser.GetAsync("/internal/browser-session");
        Assert.Equal(id, JsonSerializer.Deserialize<JsonElement>(known.Html).GetProperty("user_id").GetGuid());

        // Who logs out is nobody.
        await app.InDatabaseAsync(db => Microsoft.EntityFrameworkCore.EntityFrameworkQueryableExtensions.ExecuteUpdateAsync(
            db.Users.Where(one => one.Id == id), set => set.SetProperty(one => one.IsActive, false)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/internal/browser-session")).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?login=")]
    [InlineData("?login=https://elsewhere.example.invalid/")]
    [InlineData("?login=a%0d%0ab")]
    [InlineData("?login=a&login=b")]
    public async Task Nobody_is_led_anywhere_else(string query)
    {
        using var browser = app.Browser();
        var page = await browser.GetAsync("/connect/identify" + query);
        Assert.Equal((HttpStatusCode.BadRequest, (string?)null), (page.Status, page.Location));
    }
}
