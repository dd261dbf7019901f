using System.Text.Json;
using McpPlatform.Contracts.Identity;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>
/// The form that the platform's own tokens have, stricter than the library's reading: a header of alg, kid and typ alone (nothing critical, no keys or
/// addresses of keys: RFC 7515 sections 4.1.2 to 4.1.11), no name twice (section 4), times that are whole numbers, a subject that is a UUID.
/// </summary>
internal static class TokenShape
{
    // AuthService issues none that lives longer; so no mistake in the reading of a large number can make one that does.
    private static readonly TimeSpan LongestLife = TimeSpan.FromHours(25);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>Refuses a token of another form.</summary>
    /// <exception cref="SecurityTokenMalformedException">It has another form.</exception>
    public static void Check(JsonWebToken token, DateTimeOffset now)
    {
        using var header = Parse(token.EncodedHeader);
        if (!header.RootElement.EnumerateObject().All(property => property.Name is "alg" or "kid" or "typ" && property.Value.ValueKind == JsonValueKind.String))
        {
            throw new SecurityTokenMalformedException("The token's header has more than alg, kid and typ.");
        }

        using var payload = Parse(token.EncodedPayload);
        var claims = payload.RootElement;
        if (!IsTime(claims, "exp", out var expires) || expires > (now + LongestLife).ToUnixTimeSeconds()
            || (claims.TryGetProperty("nbf", out _) && !IsTime(claims, "nbf", out _)) || (claims.TryGetProperty("iat", out _) && !IsTime(claims, "iat", out _)))
        {
            throw new SecurityTokenMalformedException("The token's times are not such as the platform gives.");
        }

        if (!claims.TryGetProperty(PlatformClaims.Subject, out var subject) || subject.ValueKind != JsonValueKind.String || !subject.TryGetGuid(out _))
        {
            throw new SecurityTokenMalformedException("The token's subject is not a user's id.");
        }
    }

    private static JsonDocument Parse(string part)
    {
        var document = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(part), Strict);
        return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new SecurityTokenMalformedException("The token is no JSON object.");
    }

    private static bool IsTime(JsonElement claims, string name, out long seconds)
    {
        seconds = 0;
        return claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out seconds) && seconds is > 0 and < 253_402_300_800;
    }
}
