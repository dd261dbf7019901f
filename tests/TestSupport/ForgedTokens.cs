using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.TestSupport;

/// <summary>Tokens that must be refused: each one differs in one thing from a good one of <see cref="TestIssuer"/>.</summary>
public static class ForgedTokens
{
    private const string Evil = "https://evil.test/jwks.json";

    private static readonly Dictionary<string, Func<TestIssuer, string>> Made = new(StringComparer.Ordinal)
    {
        ["not a token"] = _ => "mcp",
        ["empty"] = _ => string.Empty,
        ["dots"] = _ => "..",
        ["two parts"] = issuer => Good(issuer)[..Good(issuer).LastIndexOf('.')],
        ["four parts"] = issuer => Good(issuer) + ".AAAA",
        ["five parts, as if encrypted"] = issuer => Good(issuer) + ".AAAA.AAAA",
        ["not base64"] = issuer => "!!!." + Good(issuer),
        ["header of no JSON"] = issuer => Sign(issuer, "alg", Claims().ToJsonString()),
        ["header that is an array"] = issuer => Sign(issuer, "[]", Claims().ToJsonString()),
        ["claims of no JSON"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), "{"),
        ["claims that are a number"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), "1"),
        ["claims nested too deep"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), Claims().ToJsonString()[..^1] + ",\"x\":" + new string('[', 60) + new string(']', 60) + "}"),

        ["alg none"] = issuer => Unsigned(issuer, "none") + ".",
        ["alg None"] = issuer => Unsigned(issuer, "None") + ".",
        ["alg none with a signature"] = issuer => Unsigned(issuer, "none") + "." + Good(issuer).Split('.')[2],
        ["alg HS256 with the public key as the secret"] = issuer => Hmac(issuer, Encoding.ASCII.GetBytes(issuer.Key.ECDsa.ExportSubjectPublicKeyInfoPem())),
        ["alg HS256 with the public key's bytes as the secret"] = issuer => Hmac(issuer, issuer.Key.ECDsa.ExportSubjectPublicKeyInfo()),
        ["alg HS256 with an empty secret"] = issuer => Hmac(issuer, []),
        ["alg RS256"] = issuer => Rsa(issuer),
        ["alg ES384"] = issuer => Change(issuer, header => header["alg"] = "ES384"),
        ["alg es256 in lower case"] = issuer => Change(issuer, header => header["alg"] = "es256"),
        ["alg missing"] = issuer => Change(issuer, header => header.Remove("alg")),
        ["alg that is a number"] = issuer => Change(issuer, header => header["alg"] = 1),
        ["typ missing"] = issuer => Change(issuer, header => header.Remove("typ")),
        ["typ JWT"] = issuer => Change(issuer, header => header["typ"] = "JWT"),
        ["typ id+jwt"] = issuer => Change(issuer, header => header["typ"] = "id+jwt"),
        ["typ of a refresh token"] = issuer => Change(issuer, header => header["typ"] = "oi_reft+jwt"),
        ["kid missing"] = issuer => Change(issuer, header => header.Remove("kid")),
        ["kid unknown"] = issuer => Change(issuer, header => header["kid"] = "unknown"),
        ["kid that is a path"] = issuer => Change(issuer, header => header["kid"] = "../../../../dev/null"),
        ["kid that is SQL"] = issuer => Change(issuer, header => header["kid"] = "' UNION SELECT 'key' --"),
        ["kid that is an object"] = issuer => Change(issuer, header => header["kid"] = new JsonObject()),
        ["kid of 8000 characters"] = issuer => Change(issuer, header => header["kid"] = new string('k', 8000)),
        ["crit"] = issuer => Change(issuer, header => (header["crit"], header["exp"]) = (new JsonArray("exp"), 1)),
        ["crit b64"] = issuer => Change(issuer, header => (header["crit"], header["b64"]) = (new JsonArray("b64"), false)),
        ["jku"] = issuer => Change(issuer, header => header["jku"] = Evil),
        ["x5u"] = issuer => Change(issuer, header => header["x5u"] = Evil),
        ["x5c"] = issuer => Change(issuer, header => header["x5c"] = new JsonArray("MIIB")),
        ["jwk of the forger"] = issuer => Jwk(issuer),
        ["zip"] = issuer => Change(issuer, header => header["zip"] = "DEF"),
        ["header with alg twice"] = issuer => Sign(issuer, Header(issuer).ToJsonString()[..^1] + ",\"alg\":\"none\"}", Claims().ToJsonString()),

        ["another key under the same kid"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), Claims().ToJsonString(), ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        ["signature of zeros"] = issuer => WithSignature(issuer, new byte[64]),
        ["signature that is empty"] = issuer => WithSignature(issuer, []),
        ["signature of one byte"] = issuer => WithSignature(issuer, [1]),
        ["signature with r and s of the order"] = issuer => WithSignature(issuer, Convert.FromHexString(string.Concat(Enumerable.Repeat("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 2)))),
        ["signature in DER"] = issuer => WithSignature(issuer, issuer.Key.ECDsa.SignData(
            Encoding.ASCII.GetBytes(Unsigned(issuer, "ES256")), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
        ["signature cut"] = issuer => Good(issuer)[..^4],
        ["claims changed after signing"] = issuer => Good(issuer).Split('.') is var parts ? $"{parts[0]}.{Encode(Claims("admin").ToJsonString())}.{parts[2]}" : string.Empty,

        ["issuer of somebody else"] = issuer => Claim(issuer, claims => claims["iss"] = "http://evil.test/"),
        ["issuer without its slash"] = issuer => Claim(issuer, claims => claims["iss"] = TestIssuer.Issuer.TrimEnd('/')),
        ["issuer in upper case"] = issuer => Claim(issuer, claims => claims["iss"] = TestIssuer.Issuer.ToUpperInvariant()),
        ["issuer missing"] = issuer => Claim(issuer, claims => claims.Remove("iss")),
        ["issuer as an array"] = issuer => Claim(issuer, claims => claims["iss"] = new JsonArray(TestIssuer.Issuer)),
        ["audience of somebody else"] = issuer => Claim(issuer, claims => claims["aud"] = "urn:mcpplatform:other"),
        ["audience that begins like ours"] = issuer => Claim(issuer, claims => claims["aud"] = TestIssuer.Audience + ".evil"),
        ["audience missing"] = issuer => Claim(issuer, claims => claims.Remove("aud")),
        ["audience of none"] = issuer => Claim(issuer, claims => claims["aud"] = new JsonArray()),
        ["audience as an object"] = issuer => Claim(issuer, claims => claims["aud"] = new JsonObject { ["a"] = TestIssuer.Audience }),
        ["expired yesterday"] = issuer => Claim(issuer, claims => (claims["iat"], claims["nbf"], claims["exp"]) = (Now() - 172800, Now() - 172800, Now() - 86400)),
        ["expired 31 seconds ago"] = issuer => Claim(issuer, claims => (claims["nbf"], claims["exp"]) = (Now() - 600, Now() - 31)),
        ["exp missing"] = issuer => Claim(issuer, claims => claims.Remove("exp")),
        ["exp null"] = issuer => Claim(issuer, claims => claims["exp"] = null),
        ["exp as text"] = issuer => Claim(issuer, claims => claims["exp"] = $"{Now() + 600}"),
        ["exp of 2^63"] = issuer => Claim(issuer, claims => claims["exp"] = 9223372036854775808m),
        ["exp of 2^63 - 1"] = issuer => Claim(issuer, claims => claims["exp"] = long.MaxValue),
        ["exp of 1e300"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), Claims().ToJsonString().Replace($"\"exp\":{Claims()["exp"]}", "\"exp\":1e300", StringComparison.Ordinal)),
        ["exp in ten years"] = issuer => Claim(issuer, claims => claims["exp"] = Now() + 315360000),
        ["exp below zero"] = issuer => Claim(issuer, claims => claims["exp"] = -1),
        ["exp twice"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), Claims().ToJsonString()[..^1] + $",\"exp\":{Now() + 60}}}"),
        ["nbf in five minutes"] = issuer => Claim(issuer, claims => claims["nbf"] = Now() + 300),
        ["nbf as text"] = issuer => Claim(issuer, claims => claims["nbf"] = "now"),
        ["sub missing"] = issuer => Claim(issuer, claims => claims.Remove("sub")),
        ["sub that is no UUID"] = issuer => Claim(issuer, claims => claims["sub"] = "admin"),
        ["sub as a number"] = issuer => Claim(issuer, claims => claims["sub"] = 1),
        ["sub twice"] = issuer => Sign(issuer, Header(issuer).ToJsonString(), Claims().ToJsonString()[..^1] + $",\"sub\":\"{Guid.CreateVersion7()}\"}}"),
    };

    /// <summary>The names of all.</summary>
    public static IEnumerable<string> Names => Made.Keys;

    /// <summary>Makes one; what is not its fault is signed with the issuer's own key.</summary>
    /// <param name="issuer">Whose tokens are accepted.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static string Make(TestIssuer issuer, string name) => Made[name](issuer);

    /// <summary>The good one, which shows that what is refused is refused for its fault.</summary>
    /// <param name="issuer">Whose tokens are accepted.</param>
    public static string Good(TestIssuer issuer) => Sign(issuer, Header(issuer).ToJsonString(), Claims().ToJsonString());

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static JsonObject Header(TestIssuer issuer) => new() { ["alg"] = "ES256", ["kid"] = issuer.Key.KeyId, ["typ"] = "at+jwt" };

    private static JsonObject Claims(string username = "mallory") => new()
    {
        ["iss"] = TestIssuer.Issuer,
        ["aud"] = new JsonArray(TestIssuer.Audience, TestIssuer.McpAudience),
        ["sub"] = Guid.CreateVersion7().ToString(),
        ["iat"] = Now(),
        ["nbf"] = Now(),
        ["exp"] = Now() + 600,
        [PlatformClaims.Username] = username,
        [PlatformClaims.SessionId] = Guid.CreateVersion7().ToString(),
        [PlatformClaims.Permission] = new JsonArray(JsonSerializer.SerializeToNode(Permissions.UsersManage)),
    };

    private static string Change(TestIssuer issuer, Action<JsonObject> change)
    {
        var header = Header(issuer);
        change(header);
        return Sign(issuer, header.ToJsonString(), Claims().ToJsonString());
    }

    private static string Claim(TestIssuer issuer, Action<JsonObject> change)
    {
        var claims = Claims();
        change(claims);
        return Sign(issuer, Header(issuer).ToJsonString(), claims.ToJsonString());
    }

    private static string Jwk(TestIssuer issuer)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = own.ExportParameters(includePrivateParameters: false).Q;
        var header = Header(issuer);
        header["jwk"] = new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64UrlEncoder.Encode(point.X), ["y"] = Base64UrlEncoder.Encode(point.Y) };
        return Sign(issuer, header.ToJsonString(), Claims().ToJsonString(), own);
    }

    private static string Hmac(TestIssuer issuer, byte[] secret)
    {
        var signed = Unsigned(issuer, "HS256");
        return $"{signed}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Rsa(TestIssuer issuer)
    {
        using var rsa = RSA.Create(2048);
        var signed = Unsigned(issuer, "RS256");
        return $"{signed}.{Base64UrlEncoder.Encode(rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Unsigned(TestIssuer issuer, string algorithm)
    {
        var header = Header(issuer);
        header["alg"] = algorithm;
        return $"{Encode(header.ToJsonString())}.{Encode(Claims().ToJsonString())}";
    }

    private static string WithSignature(TestIssuer issuer, byte[] signature) => $"{Unsigned(issuer, "ES256")}.{Base64UrlEncoder.Encode(signature)}";

    private static string Sign(TestIssuer issuer, string header, string claims, ECDsa? key = null)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64UrlEncoder.Encode((key ?? issuer.Key.ECDsa).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(string text) => Base64UrlEncoder.Encode(text);
}
