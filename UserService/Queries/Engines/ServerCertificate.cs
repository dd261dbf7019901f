using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>
/// What a profile asks of the server's certificate. The drivers are given an address, so their own check would compare the certificate
/// with that: this one compares it with the name in the profile.
/// </summary>
internal static class ServerCertificate
{
    public static RemoteCertificateValidationCallback Check(SslMode mode, string host) =>
        (_, certificate, _, errors) => mode switch
        {
            SslMode.VerifyCa => IsTrusted(certificate, errors),
            SslMode.VerifyFull => IsTrusted(certificate, errors) && certificate is X509Certificate2 full && full.MatchesHostname(host),
            _ => true,
        };

    // Trusted by the machine's own store; the name is compared apart.
    private static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors) =>
        certificate is not null && (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
}
