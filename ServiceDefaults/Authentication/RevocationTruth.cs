using System.Globalization;
using System.Net.Http.Json;
using System.Security.Claims;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>What a token is known by in the list of revocations.</summary>
/// <param name="Session">Its <c>sid</c>, empty where it has none.</param>
/// <param name="User">Its <c>sub</c>.</param>
/// <param name="Version">Its <c>ver</c>, 0 where it has none.</param>
public sealed record RevocationQuery(string Session, string User, long Version)
{
    /// <summary>What the token of an authenticated caller is known by.</summary>
    /// <param name="caller">Who calls.</param>
    /// <returns>What to look for.</returns>
    public static RevocationQuery Of(ClaimsPrincipal caller) => Of(name => caller.FindFirst(name));

    internal static RevocationQuery Of(JsonWebToken token) => Of(name => token.TryGetClaim(name, out var claim) ? claim : null);

    private static RevocationQuery Of(Func<string, Claim?> find) => new(
        find(PlatformClaims.SessionId)?.Value ?? string.Empty,
        find(PlatformClaims.Subject)?.Value ?? string.Empty,
        long.TryParse(find(PlatformClaims.Version)?.Value, CultureInfo.InvariantCulture, out var version) ? version : 0);
}

/// <summary>What AuthService says.</summary>
/// <param name="Revoked">For each question, in the same order.</param>
/// <param name="Keys">The <see cref="RevocationList.Fingerprint"/> of the keys that are valid now.</param>
public sealed record RevocationAnswer(IReadOnlyList<bool> Revoked, string Keys);

/// <summary>Who knows all revocations for certain: AuthService's database. AuthService asks it itself, the others over HTTP.</summary>
public interface IRevocationTruth
{
    /// <summary>Whether tokens were revoked.</summary>
    /// <param name="queries">At most 256; none asks for the keys alone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>An answer to each.</returns>
    Task<RevocationAnswer> AskAsync(IReadOnlyList<RevocationQuery> queries, CancellationToken cancellationToken);
}

/// <summary>AuthService, asked where its keys are fetched.</summary>
internal sealed class RemoteRevocations(IHttpClientFactory clients, IOptions<PlatformAuthenticationOptions> options) : IRevocationTruth
{
    private readonly Uri address = new(new Uri(options.Value.JwksAddress), "/internal/revocations/check");

    public async Task<RevocationAnswer> AskAsync(IReadOnlyList<RevocationQuery> queries, CancellationToken cancellationToken)
    {
        try
        {
            return await AskOnceAsync(queries, cancellationToken);
        }
        catch (HttpRequestException)
        {
            // One replica may be gone: service discovery gives the next one.
            return await AskOnceAsync(queries, cancellationToken);
        }
    }

    private async Task<RevocationAnswer> AskOnceAsync(IReadOnlyList<RevocationQuery> queries, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(PlatformKeys.Client);
        using var response = await client.PostAsJsonAsync(address, new { queries }, HttpExtensions.Json, cancellationToken);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<RevocationAnswer>(HttpExtensions.Json, cancellationToken);
        return answer?.Revoked?.Count == queries.Count ? answer : throw new HttpRequestException("AuthService gave no answer for each token.");
    }
}
