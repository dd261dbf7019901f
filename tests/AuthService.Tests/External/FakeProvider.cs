using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AuthService.Tests.External;

/// <summary>An OpenID Connect provider that says whatever a test wants.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ECDsaSecurityKey key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "fake" };

    private FakeProvider(WebApplication app) => this.app = app;

    public Uri Issuer { get; private set; } = null!;

    /// <summary>The claims of the next id token.</summary>
    public Dictionary<string, object> Claims { get; set; } = [];

    /// <summary>Signs it with another key than the published one.</summary>
    public bool ForeignKey { get; set; }

    public static async Task<FakeProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var provider = new FakeProvider(builder.Build());
        provider.app.Urls.Add("http://127.0.0.1:0");
        provider.app.MapGet("/.well-known/openid-configuration", provider.Configuration);
        provider.app.MapGet("/jwks", provider.Keys);
        provider.app.MapPost("/token", provider.Token);
        await provider.app.StartAsync();
        provider.Issuer = new Uri(provider.app.Urls.Single());
        return provider;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IResult Configuration() => Results.Json(new Dictionary<string, object>
    {
        ["issuer"] = Issuer.AbsoluteUri, ["authorization_endpoint"] = new Uri(Issuer, "/authorize").AbsoluteUri, ["token_endpoint"] = new Uri(Issuer, "/token").AbsoluteUri,
        ["jwks_uri"] = new Uri(Issuer, "/jwks").AbsoluteUri, ["response_types_supported"] = new[] { "code" }, ["subject_types_supported"] = new[] { "public" },
        ["id_token_signing_alg_values_supported"] = new[] { "ES256" }, ["code_challenge_methods_supported"] = new[] { "S256" }, ["grant_types_supported"] = new[] { "authorization_code" },
        ["authorization_response_iss_parameter_supported"] = true,
    });

    private IResult Keys()
    {
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(key);
        return Results.Json(new { keys = new[] { new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, kid = jwk.Kid, use = "sig", alg = "ES256" } } });
    }

    private IResult Token()
    {
        var signer = ForeignKey ? new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "fake" } : key;
        var token = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = Claims, SigningCredentials = new SigningCredentials(signer, SecurityAlgorithms.EcdsaSha256),
        });
        return Results.Json(new { access_token = "opaque", token_type = "Bearer", expires_in = 60, id_token = token });
    }
}
