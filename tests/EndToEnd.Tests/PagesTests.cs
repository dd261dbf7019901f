using System.Text.Json;
using Microsoft.Playwright;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>The pages that people open, in a real browser without internet.</summary>
public sealed class PagesTests(Platform platform)
{
    [Fact]
    public async Task The_documentation_page_shows_every_service()
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Chromium.LaunchAsync(playwright);
        var page = await browser.NewPageAsync();
        List<string> foreign = [];
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(platform.Gateway.AbsoluteUri, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                foreign.Add(request.Url);
            }
        };

        await page.GotoAsync(new Uri(platform.Gateway, "/docs").AbsoluteUri);

        foreach (var group in (string[])["Auth", "Users", "Permissions", "MCP servers", "MCP tools", "Analytics"])
        {
            await page.GetByText(group, new() { Exact = true }).First.WaitForAsync(new() { Timeout = 20_000, State = WaitForSelectorState.Attached });
        }

        Assert.Empty(foreign);
    }

    [Fact]
    public async Task The_merged_document_describes_every_route_of_every_service()
    {
        var document = await platform.SendAsync(HttpMethod.Get, "/openapi/v1.json");

        var paths = document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        Assert.All(
            (string[])["/api/login", "/api/auth/logout", "/api/users", "/api/users/me", "/api/permissions", "/api/mcp/servers", "/api/analytics/requests", "/api/analytics/activities", "/api/analytics/summary"],
            path => Assert.Contains(path, paths));
        Assert.DoesNotContain(paths, path => path.StartsWith("/internal", StringComparison.Ordinal));
        Assert.Equal(JsonValueKind.Object, document.GetProperty("components").GetProperty("securitySchemes").ValueKind);
    }
}
