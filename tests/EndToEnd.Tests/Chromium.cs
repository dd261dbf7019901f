using Microsoft.Playwright;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>The browser of the system; Playwright brings none of its own.</summary>
internal static class Chromium
{
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright) => playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = Path(), Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
    });

    private static string Path() =>
        ((string[])["/usr/bin/chromium", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("Chromium is missing: ./test.sh installs it.");
}
