using Microsoft.Playwright;

namespace McpPlatform.EndToEnd.Tests.OAuth;

/// <summary>Somebody with a browser, who reads labels and presses buttons. Scripts are off, so that no page comes to need one.</summary>
internal sealed class Person : IAsyncDisposable
{
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;
    private readonly IPage page;
    private readonly string username, password;

    private Person(IPlaywright playwright, IBrowser browser, IPage page, string username, string password) =>
        (this.playwright, this.browser, this.page, this.username, this.password) = (playwright, browser, page, username, password);

    public static async Task<Person> SitDownAsync(string username, string password)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await Chromium.LaunchAsync(playwright);
        var page = await browser.NewPageAsync(new() { JavaScriptEnabled = false });
        return new(playwright, browser, page, username, password);
    }

    public IPage OpenPage() => page;

    public async Task LogInAsync(IPage page)
    {
        // Narrower than the window only if the page's policy lets its style pass.
        Assert.InRange((await page.Locator(".card").BoundingBoxAsync())!.Width, 300, 500);
        await page.GetByLabel("Username").FillAsync(username);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
    }

    public async Task LogInAndAllowAsync(IPage page, string client)
    {
        await LogInAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = $"Allow {client} to use McpPlatform as {username}?" }).WaitForAsync(new() { Timeout = 10_000 });
        await page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        await page.GetByText("You can close this page.").WaitForAsync(new() { Timeout = 10_000 });
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }
}
