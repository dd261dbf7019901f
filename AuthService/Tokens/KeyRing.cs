using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;

namespace McpPlatform.AuthService.Tokens;

/// <summary>The keys at one moment. Those that sign or encrypt are in the lists too, which are what verifies and decrypts.</summary>
/// <param name="Access">Signs access tokens.</param>
/// <param name="Published">All ES256 keys that verify, or will soon.</param>
/// <param name="Internal">Signs what only this service reads.</param>
/// <param name="Internals">All keys that verify that.</param>
/// <param name="Encryption">Encrypts it.</param>
/// <param name="Encryptions">All keys that decrypt it.</param>
internal sealed record Keys(
    SigningCredentials Access, IReadOnlyList<SigningCredentials> Published, SigningCredentials Internal, IReadOnlyList<SigningCredentials> Internals,
    EncryptingCredentials Encryption, IReadOnlyList<EncryptingCredentials> Encryptions)
{
    /// <summary>Whether these are the same keys, for the same work.</summary>
    public bool IsSameAs(Keys other) => Ids.SequenceEqual(other.Ids, StringComparer.Ordinal);

    private IEnumerable<string> Ids =>
    [
        Access.Key.KeyId, Internal.Key.KeyId, Encryption.Key.KeyId,
        .. Published.Concat(Internals).Select(credentials => credentials.Key.KeyId), .. Encryptions.Select(credentials => credentials.Key.KeyId),
    ];
}

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
        options.SigningCredentials.AddRange(current.Internals);
        options.EncryptionCredentials.AddRange(current.Encryptions);
    }

    public void Dispose() => changed.Dispose();

    public IChangeToken GetChangeToken() => new CancellationChangeToken(changed.Token);

    /// <summary>Takes the keys that the database holds now.</summary>
    public void Replace(Keys next)
    {
        if (keys?.IsSameAs(next) != true)
        {
            keys = next;
            Interlocked.Exchange(ref changed, new CancellationTokenSource()).Cancel();
        }
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
