using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Tokens;

/// <summary>The clients that are always there: the console, and the services that are clients themselves, with the secrets of the configuration.</summary>
internal sealed class ClientSeeder(IServiceScopeFactory scopes, IOptions<TokensOptions> options) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();

        // Replicas that start together wait for each other.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('auth.clients', 0))", cancellationToken);
        await EnsureAsync(applications, new OpenIddictApplicationDescriptor
        {
            ClientId = FirstPartyEndpoints.ConsoleClient,
            ClientType = ClientTypes.Public,
            DisplayName = "McpPlatform",
            Permissions =
            {
                Permissions.Endpoints.Token, Permissions.GrantTypes.RefreshToken, Permissions.Prefixes.GrantType + FirstPartyEndpoints.LoginGrant,
            },
        }, cancellationToken);
        foreach (var (name, secret) in options.Value.ServiceClients)
        {
            await EnsureAsync(applications, Service(name, secret), cancellationToken);
        }

        await RemoveOthersAsync(db, applications, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Only the Gateway exchanges API keys: it checks who asks, and keeps the token to itself.
    private static OpenIddictApplicationDescriptor Service(string name, string secret)
    {
        var client = new OpenIddictApplicationDescriptor
        {
            ClientId = name,
            ClientType = ClientTypes.Confidential,
            ClientSecret = secret,
            DisplayName = name,
            Permissions = { Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials },
        };
        if (name == FirstPartyEndpoints.GatewayClient)
        {
            client.Permissions.Add(Permissions.GrantTypes.TokenExchange);
        }

        return client;
    }

    private static async Task EnsureAsync(IOpenIddictApplicationManager applications, OpenIddictApplicationDescriptor client, CancellationToken cancellationToken)
    {
        if (await applications.FindByClientIdAsync(client.ClientId!, cancellationToken) is not { } existing)
        {
            await applications.CreateAsync(client, cancellationToken);
            return;
        }

        var same = client.ClientSecret is not null && await applications.ValidateClientSecretAsync(existing, client.ClientSecret, cancellationToken)
            && client.Permissions.SetEquals(await applications.GetPermissionsAsync(existing, cancellationToken));
        if (!same)
        {
            await applications.UpdateAsync(existing, client, cancellationToken);
        }
    }

    // Whoever has a secret is one of ours (other clients are public): where the configuration does not name it any more, its secret is worth nothing.
    private async Task RemoveOthersAsync(AuthDbContext db, IOpenIddictApplicationManager applications, CancellationToken cancellationToken)
    {
        var names = options.Value.ServiceClients.Keys.ToList();
        var others = await db.Set<OAuthClient>().Where(one => one.ClientType == ClientTypes.Confidential && !names.Contains(one.ClientId!)).ToListAsync(cancellationToken);
        foreach (var other in others)
        {
            await applications.DeleteAsync(other, cancellationToken);
        }
    }
}
