using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Gateway.Routing;
using Microsoft.Extensions.Options;

namespace McpPlatform.Gateway.ApiKeys;

/// <summary>What an API key was exchanged for: a token, a refusal (null), or nothing because AuthService did not answer.</summary>
internal readonly record struct ApiKeyToken(string? Value, bool IsKnown)
{
    public static ApiKeyToken Unknown => default;

    public static ApiKeyToken Refused => new(null, true);
}

/// <summary>
/// Exchanges API keys for short access tokens (RFC 8693) and keeps these until shortly before they expire. However many requests come with a new key at once,
/// AuthService is asked once. A kept token is an ordinary one: when the key is deleted it is revoked like every other.
/// </summary>
internal sealed partial class ApiKeyTokens(IHttpClientFactory clients, IOptions<ApiKeyOptions> options, TimeProvider time, ILogger<ApiKeyTokens> logger)
{
    private const int MaxEntries = 10_000;
    private static readonly TimeSpan RefusalKept = TimeSpan.FromSeconds(3), RenewBefore = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(5);

    // By the hash: a dump of this process holds no key.
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Whether the answer is at hand, so that asking for it costs nobody anything.</summary>
    public bool IsAtHand(string key) => entries.TryGetValue(NameOf(key), out var entry) && entry.IsGood(time.GetUtcNow());

    /// <summary>The token of a key.</summary>
    public async Task<ApiKeyToken> GetAsync(string key, CancellationToken cancellationToken)
    {
        var name = NameOf(key);
        var now = time.GetUtcNow();
        if (!entries.TryGetValue(name, out var entry) || !entry.IsGood(now))
        {
            MakeRoom(now);

            // Not broken off when its first asker hangs up: others wait for it.
            var made = new Entry(() => ExchangeAsync(key));
            entry = entry is null ? entries.GetOrAdd(name, made) : entries.TryUpdate(name, made, entry) ? made : entries.GetValueOrDefault(name, made);
        }

        var token = await entry.Token.WaitAsync(cancellationToken);
        if (!token.IsKnown)
        {
            entries.TryRemove(KeyValuePair.Create(name, entry));
        }

        return token;
    }

    /// <summary>The token was not taken: it was revoked, or its signing key is gone. The next request gets another one.</summary>
    public void Forget(string key) => entries.TryRemove(NameOf(key), out _);

    private static string NameOf(string key) => Convert.ToHexString(ApiKeyFormat.Hash(key));

    private async Task<(ApiKeyToken Token, DateTimeOffset Until)> ExchangeAsync(string key)
    {
        var asked = time.GetUtcNow();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var timeout = new CancellationTokenSource(Patience, time);
                using var form = new FormUrlEncodedContent(
                [
                    new("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    new("subject_token", key),
                    new("subject_token_type", ApiKeyFormat.TokenType),
                    new("client_id", ApiKeyOptions.ClientId),
                    new("client_secret", options.Value.ClientSecret),
                ]);
                using var response = await clients.CreateClient(PlatformServices.Client).PostAsync(new Uri("http://authservice/connect/token"), form, timeout.Token);
                if (response.StatusCode == HttpStatusCode.BadRequest)
                {
                    return (ApiKeyToken.Refused, asked + RefusalKept);
                }

                response.EnsureSuccessStatusCode();
                using var answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(timeout.Token), default, timeout.Token);
                var lifetime = TimeSpan.FromSeconds(answer.RootElement.GetProperty("expires_in").GetInt32());
                return (new(answer.RootElement.GetProperty("access_token").GetString(), true), asked + (lifetime > RenewBefore * 2 ? lifetime - RenewBefore : lifetime / 2));
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or JsonException or KeyNotFoundException or InvalidOperationException)
            {
                // Another replica may answer; a second exchange changes nothing.
                if (attempt == 2 || exception is OperationCanceledException)
                {
                    LogNotExchanged(exception);
                    return (ApiKeyToken.Unknown, asked);
                }
            }
        }
    }

    // What has expired goes first; were that not enough, all would be exchanged again, which is slow and not wrong.
    private void MakeRoom(DateTimeOffset now)
    {
        if (entries.Count < MaxEntries)
        {
            return;
        }

        foreach (var entry in entries.Where(entry => !entry.Value.IsGood(now)))
        {
            entries.TryRemove(entry);
        }

        if (entries.Count >= MaxEntries)
        {
            entries.Clear();
        }
    }

    [LoggerMessage(310, LogLevel.Warning, "AuthService did not exchange an API key")]
    private partial void LogNotExchanged(Exception exception);

    /// <summary>A key's exchange, under way or done: only when it is done does it have an end.</summary>
    private sealed class Entry
    {
        private readonly Lazy<Task<ApiKeyToken>> exchange;
        private long until = long.MaxValue;

        public Entry(Func<Task<(ApiKeyToken Token, DateTimeOffset Until)>> exchange) => this.exchange = new(async () =>
        {
            var (token, end) = await exchange();
            Volatile.Write(ref until, end.UtcTicks);
            return token;
        });

        public Task<ApiKeyToken> Token => exchange.Value;

        public bool IsGood(DateTimeOffset now) => now.UtcTicks < Volatile.Read(ref until);
    }
}
