using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Accounts;

/// <summary>This service's own access token (client credentials, RFC 6749 section 4.4): kept until shortly before it expires, fetched once however many ask.</summary>
internal sealed class ServiceToken(IHttpClientFactory clients, IOptions<AccountsOptions> options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan RenewBefore = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim fetching = new(1, 1);
    private volatile Token? current;

    /// <summary>A token that is good for this moment.</summary>
    /// <param name="refused">A token that AuthService did not take any more: another one is fetched unless that happened already.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="HttpRequestException">AuthService gives none; the status says why.</exception>
    public async Task<string> GetAsync(string? refused, CancellationToken cancellationToken)
    {
        if (Usable(refused) is { } token)
        {
            return token;
        }

        await fetching.WaitAsync(cancellationToken);
        try
        {
            return Usable(refused) ?? await FetchAsync(cancellationToken);
        }
        finally
        {
            fetching.Release();
        }
    }

    public void Dispose() => fetching.Dispose();

    private string? Usable(string? refused) =>
        current is { } token && token.Value != refused && time.GetUtcNow() < token.RenewAt ? token.Value : null;

    private async Task<string> FetchAsync(CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("grant_type", "client_credentials"),
            new("client_id", AccountsOptions.ClientId),
            new("client_secret", options.Value.ClientSecret),
        ]);
        var asked = time.GetUtcNow();
        using var response = await clients.CreateClient(AccountsSetup.HttpClientName).PostAsync("/connect/token", form, cancellationToken);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<Answer>(AccountsSetup.Json, cancellationToken);
        if (answer is not { AccessToken: { Length: > 0 } value })
        {
            throw new HttpRequestException("AuthService's answer holds no access_token.");
        }

        var lifetime = TimeSpan.FromSeconds(answer.ExpiresIn);
        current = new Token(value, asked + (lifetime > RenewBefore * 2 ? lifetime - RenewBefore : lifetime / 2));
        return value;
    }

    private sealed record Token(string Value, DateTimeOffset RenewAt);

    private sealed record Answer(string? AccessToken, int ExpiresIn);
}
