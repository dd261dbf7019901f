using McpPlatform.TestSupport;

namespace McpPlatform.AuthService.Tests.Revocations;

/// <summary>AuthService with a Redis of its own, for tests that take it away.</summary>
public sealed class RevocationPlatform(PlatformServers servers) : IAsyncLifetime
{
    internal ThrowAwayRedis Redis { get; private set; } = null!;

    internal AuthServiceApplication AuthService { get; } = new(servers);

    public async ValueTask InitializeAsync()
    {
        Redis = await ThrowAwayRedis.StartAsync();
        await AuthService.InitializeAsync(("ConnectionStrings:redis", Redis.ConnectionString));
    }

    public async ValueTask DisposeAsync()
    {
        await AuthService.DisposeAsync();
        await Redis.DisposeAsync();
    }

    internal Task<OtherService> StartServiceAsync() => OtherService.StartAsync(AuthService, Redis.ConnectionString);

    /// <summary>The access token of a new login of a new user.</summary>
    internal async Task<string> LogInAsync() => (await AuthService.LogInAsync((await AuthService.CreateAccountAsync()).Username)).AccessToken;

    /// <summary>The same, logged out again.</summary>
    internal async Task<string> LogInAndOutAsync()
    {
        var token = await LogInAsync();
        await LogOutAsync(token);
        return token;
    }

    internal async Task LogOutAsync(string token)
    {
        using var response = await AuthService.PostAsync("/api/auth/logout", new { }, token);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, response.StatusCode);
    }

    /// <summary>Waits until Redis knows all revocations again.</summary>
    internal Task UntilCompleteAsync() => AuthServiceApplication.EventuallyAsync(async () =>
    {
        var process = await Redis.CommandAsync("INFO", "server");
        var mark = await Redis.CommandAsync("GET", "revoked:complete");
        return mark.Length > 0 && process.Contains(mark, StringComparison.Ordinal) ? mark : null;
    });
}
