using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;

namespace McpPlatform.AuthService.Tokens;

/// <summary>The keys at one moment.</summary>
/// <param name="Access">Signs access tokens.</param>
/// <param name="Published">All ES256 keys that verify, the one that signs included.</param>
/// <param name="Internal">Signs what only this service reads.</param>
/// <param name="Encryption">Encrypts it.</param>
internal sealed record Keys(
    SigningCredentials Access, IReadOnlyList<SigningCredentials> Published, SigningCredentials Internal, EncryptingCredentials Encryption);

/// <summary>
/// The keys in memory. OpenIddict reads its options at each request, so a reload changes the keys at run time: this is where the options
/// come from, and what says that they changed.
/// </summary>
internal sealed class KeyRing : IConfigureOptions<OpenIddictServerOptions>, IOptionsChangeTokenSource<OpenIddictServerOptions>, IDisposable
{
    private volatile Keys? keys;
    private CancellationTokenSource changed = new();

    public string Name => Options.DefaultName;

    public Keys Current => keys ?? throw new InvalidOperationException("The signing keys are not loaded yet.");

    public void Configure(OpenIddictServerOptions options)
    {
        var current = Current;
        options.SigningCredentials.AddRange(current.Published);
        options.SigningCredentials.Add(current.Internal);
        options.EncryptionCredentials.Add(current.Encryption);
    }

    public void Dispose() => changed.Dispose();

    public IChangeToken GetChangeToken() => new CancellationChangeToken(changed.Token);

    /// <summary>Takes the keys that the database holds now.</summary>
    public void Replace(Keys next)
    {
        var same = keys is { } current && current.Access.Key.KeyId == next.Access.Key.KeyId
            && current.Published.Select(key => key.Key.KeyId).SequenceEqual(next.Published.Select(key => key.Key.KeyId));
        if (same)
        {
            return;
        }

        keys = next;
        Interlocked.Exchange(ref changed, new CancellationTokenSource()).Cancel();
    }
}

/// <summary>For this service's own endpoints: the keys at hand instead of a request to itself.</summary>
internal sealed class OwnKeys : BaseConfigurationManager, IConfigurationManager<OpenIdConnectConfiguration>
{
    private readonly KeyRing ring;
    private volatile Known? last;

    public OwnKeys(KeyRing ring)
    {
        this.ring = ring;

        // Else a key that was removed is accepted for another hour.
        UseLastKnownGoodConfiguration = false;
    }

    public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        // The same object for the same keys: what was validated with it need not be again.
        var current = ring.Current;
        if (last is not { } known || !ReferenceEquals(known.Keys, current))
        {
            var configuration = new OpenIdConnectConfiguration();
            foreach (var credentials in current.Published)
            {
                configuration.SigningKeys.Add(credentials.Key);
            }

            last = known = new(current, configuration);
        }

        return Task.FromResult(known.Configuration);
    }

    public override async Task<BaseConfiguration> GetBaseConfigurationAsync(CancellationToken cancel) => await GetConfigurationAsync(cancel);

    public override void RequestRefresh()
    {
        // The ring is always current.
    }

    private sealed record Known(Keys Keys, OpenIdConnectConfiguration Configuration);
}
