using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Authorization;

/// <summary>A client as people are told of it.</summary>
/// <param name="RowId">OpenIddict's id of it.</param>
/// <param name="ClientId">Its own.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Origin">How far that can be believed.</param>
/// <param name="Refreshes">Whether it said that it uses refresh tokens.</param>
internal sealed record ClientDescription(string RowId, string ClientId, string Name, string Origin, bool Refreshes);

/// <summary>Looks clients up for the pages.</summary>
internal sealed class ClientDescriptions(AuthDbContext db, IOpenIddictApplicationManager applications)
{
    /// <exception cref="InvalidOperationException">There is no such client.</exception>
    public async Task<ClientDescription> FindAsync(string clientId, CancellationToken cancellationToken)
    {
        var client = await applications.FindByClientIdAsync(clientId, cancellationToken) ?? throw new InvalidOperationException("The client is gone.");
        var origin = await db.ClientRegistrations.Where(one => one.ClientId == clientId).Select(one => (ClientOrigin?)one.Origin).SingleOrDefaultAsync(cancellationToken);
        return new(
            (await applications.GetIdAsync(client, cancellationToken))!, clientId, await applications.GetDisplayNameAsync(client, cancellationToken) ?? clientId,
            origin switch
            {
                ClientOrigin.MetadataDocument => $"It speaks for {new Uri(clientId).Authority}, where its description lies.",
                ClientOrigin.Registered => "It registered itself, and nobody has checked what it says it is called.",
                _ => "It belongs to this platform.",
            },
            await RefreshesAsync(client, cancellationToken));
    }

    /// <summary>The name of the client that an address leads back to, and its redirect address when it is one that the client has.</summary>
    /// <returns>Null when there is no such client, or the redirect address is not its own.</returns>
    public async Task<string?> FindNameAsync(AuthorizeAddress address, CancellationToken cancellationToken) =>
        address.IsIdentify ? "McpPlatform’s MCP servers"
            : address is { ClientId: { Length: > 0 and <= ClientRegistrationConfiguration.MaxClientIdLength } clientId, RedirectUri: { } redirectUri }
        && await applications.FindByClientIdAsync(clientId, cancellationToken) is { } client
        && await applications.ValidateRedirectUriAsync(client, redirectUri, cancellationToken)
            ? await applications.GetDisplayNameAsync(client, cancellationToken) ?? clientId
            : null;

    private async Task<bool> RefreshesAsync(object client, CancellationToken cancellationToken) =>
        (await applications.GetPropertiesAsync(client, cancellationToken)).TryGetValue(ClientMetadata.GrantTypesProperty, out var grants)
        && grants.EnumerateArray().Any(grant => grant.GetString() == OpenIddictConstants.GrantTypes.RefreshToken);

    /// <summary>A user let the client in: from now on its registration stays.</summary>
    public Task MarkUsedAsync(string clientId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.ClientRegistrations.Where(client => client.ClientId == clientId).ExecuteUpdateAsync(set => set.SetProperty(client => client.UsedAt, now), cancellationToken);
}
