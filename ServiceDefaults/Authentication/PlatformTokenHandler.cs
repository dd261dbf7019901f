using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>
/// Validates access tokens, and remembers those that were good: the signature, the largest part of the cost, is verified once as long as the keys are the
/// same and the token has not expired. Whether it was revoked is asked again and again (<see cref="RevocationCheck"/>). Only good tokens are remembered.
/// </summary>
internal sealed class PlatformTokenHandler(IConfigurationManager<OpenIdConnectConfiguration> keys, RevocationCheck revocations, TimeProvider time) : TokenHandler
{
    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false };
    private readonly RecentTokens recent = new();

    public override SecurityToken ReadToken(string token) => handler.ReadToken(token);

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        try
        {
            var known = recent.Find(token);
            if (known is null || time.GetUtcNow() >= known.Until || !ReferenceEquals(known.Keys, await keys.GetConfigurationAsync(CancellationToken.None)))
            {
                known = await ValidateFullyAsync(token, validationParameters);
            }

            return await revocations.IsAliveAsync(known) ? known.Result : Failed(new SecurityTokenException("The token was revoked."));
        }
        catch (Exception exception)
        {
            // What a forged token makes the library throw is a refusal, never an error of ours.
            return Failed(exception);
        }
    }

    private static TokenValidationResult Failed(Exception exception) => new() { IsValid = false, Exception = exception };

    private async Task<KnownToken> ValidateFullyAsync(string token, TokenValidationParameters parameters)
    {
        var jwt = new JsonWebToken(token);
        TokenShape.Check(jwt, time.GetUtcNow());
        var current = await keys.GetConfigurationAsync(CancellationToken.None);
        var result = await handler.ValidateTokenAsync(jwt, With(parameters, current));
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException && keys is PlatformKeys remote && await remote.RefreshForUnknownKeyAsync())
        {
            current = await keys.GetConfigurationAsync(CancellationToken.None);
            result = await handler.ValidateTokenAsync(jwt, With(parameters, current));
        }

        if (!result.IsValid)
        {
            throw result.Exception ?? new SecurityTokenException("The token is not valid.");
        }

        var known = new KnownToken(result, current, new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero) + parameters.ClockSkew, RevocationQuery.Of(jwt));
        return recent.Add(token, known);
    }

    // The keys that were read here and no others: else the library would remember a removed one for another hour.
    private static TokenValidationParameters With(TokenValidationParameters parameters, OpenIdConnectConfiguration current)
    {
        var own = parameters.Clone();
        own.ConfigurationManager = null;
        own.IssuerSigningKeys = current.SigningKeys;
        return own;
    }
}
