using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>
/// AuthService's public keys, fetched from an address inside the platform: discovery would name the public one, which need not be reachable from here. They
/// are fetched again every five minutes, at once when AuthService announces others (<see cref="KeyWatch"/>), and for a <c>kid</c> that nobody knows at
/// most every 30 seconds, however many tokens carry one. Without an answer the keys at hand stay in use.
/// </summary>
internal sealed partial class PlatformKeys(
    IHttpClientFactory clients, IOptions<PlatformAuthenticationOptions> options, TimeProvider time, ILogger<PlatformKeys> logger)
    : BaseConfigurationManager, IConfigurationManager<OpenIdConnectConfiguration>
{
    /// <summary>The name of the <see cref="HttpClient"/> for questions to AuthService.</summary>
    public const string Client = "authservice-keys";

    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5), BetweenUnknown = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private volatile OpenIdConnectConfiguration? current;
    private string? document;
    private long askedAt, unknownAt;
    private bool unknownSeen;
    private Task flight = Task.CompletedTask;

    /// <summary>The same for the same keys in any order: how AuthService and a service tell whether they mean the same ones.</summary>
    public static string Fingerprint(IEnumerable<string> keyIds) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', keyIds.Order(StringComparer.Ordinal)))).AsSpan(0, 8));

    /// <summary>The keys; the same object as long as they are the same.</summary>
    /// <exception cref="UndecidedException">Not one key was ever seen.</exception>
    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        if (current is { } known)
        {
            _ = time.GetElapsedTime(Volatile.Read(ref askedAt)) > Fresh ? FetchAsync() : null;
            return known;
        }

        await FetchAsync();
        return current ?? throw new UndecidedException("The keys of AuthService could not be fetched yet.");
    }

    public override async Task<BaseConfiguration> GetBaseConfigurationAsync(CancellationToken cancel) => await GetConfigurationAsync(cancel);

    /// <summary>The library's word for "I know no such key": answered by <see cref="RefreshForUnknownKeyAsync"/>, which can be waited for.</summary>
    public override void RequestRefresh()
    {
    }

    /// <summary>Looks whether a key that nobody here knows is a new one.</summary>
    /// <returns>Whether other keys were found.</returns>
    public async Task<bool> RefreshForUnknownKeyAsync()
    {
        var before = current;
        Task fetch;
        lock (gate)
        {
            if (flight.IsCompleted && unknownSeen && time.GetElapsedTime(unknownAt) < BetweenUnknown)
            {
                return false;
            }

            (unknownAt, unknownSeen) = flight.IsCompleted ? (time.GetTimestamp(), true) : (unknownAt, unknownSeen);
            fetch = FetchAsync();
        }

        await fetch;
        return !ReferenceEquals(before, current);
    }

    /// <summary>Fetches the keys unless they are the ones that were announced.</summary>
    public Task RefreshToAsync(string fingerprint) =>
        current is { } known && Fingerprint(known.SigningKeys.Select(key => key.KeyId)) == fingerprint ? Task.CompletedTask : FetchAsync();

    private Task FetchAsync()
    {
        lock (gate)
        {
            return flight.IsCompleted ? flight = Task.Run(FetchOnceAsync) : flight;
        }
    }

    private async Task FetchOnceAsync()
    {
        Volatile.Write(ref askedAt, time.GetTimestamp());
        try
        {
            using var client = clients.CreateClient(Client);
            var json = await client.GetStringAsync(new Uri(options.Value.JwksAddress));
            if (json == document)
            {
                return;
            }

            var configuration = new OpenIdConnectConfiguration { Issuer = options.Value.CanonicalIssuer, JsonWebKeySet = new JsonWebKeySet(json) };
            foreach (var key in configuration.JsonWebKeySet.GetSigningKeys())
            {
                configuration.SigningKeys.Add(key);
            }

            (document, current) = (json, configuration);
        }
        catch (Exception exception)
        {
            LogNotFetched(options.Value.JwksAddress, exception);
        }
    }

    [LoggerMessage(40, LogLevel.Warning, "The keys of AuthService could not be fetched from {Address}; the ones at hand stay in use")]
    private partial void LogNotFetched(string address, Exception exception);
}

/// <summary>Whether a token is good cannot be said at the moment: 503, since a 401 would make its owner throw it away.</summary>
/// <param name="message">Who could not be asked.</param>
/// <param name="inner">What came of asking.</param>
public sealed class UndecidedException(string message, Exception? inner = null) : Exception(message, inner);
