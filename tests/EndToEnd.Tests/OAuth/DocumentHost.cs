using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace McpPlatform.EndToEnd.Tests.OAuth;

/// <summary>An https host with the document of a client (Client ID Metadata Documents), on this machine and with a certificate of its own.</summary>
public sealed class DocumentHost : IAsyncDisposable
{
    public const string ClientName = "A client with a document";
    private readonly WebApplication app;

    private DocumentHost(WebApplication app, string certificateFile) => (this.app, CertificateFile) = (app, certificateFile);

    /// <summary>What whoever asks here must trust.</summary>
    public string CertificateFile { get; }

    /// <summary>The client's id, where its document lies.</summary>
    public Uri ClientId { get; private set; } = null!;

    public static async Task<DocumentHost> StartAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        var file = Path.Combine(Path.GetTempPath(), $"mcpplatform-{Guid.CreateVersion7():N}.pem");
        await File.WriteAllTextAsync(file, made.ExportCertificatePem());

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var host = new DocumentHost(builder.Build(), file);
        host.app.MapGet("/client.json", () => Results.Json(new Dictionary<string, object>
        {
            ["client_id"] = host.ClientId.AbsoluteUri, ["client_name"] = ClientName, ["redirect_uris"] = new[] { "http://127.0.0.1/callback" },
            ["grant_types"] = new[] { "authorization_code", "refresh_token" }, ["token_endpoint_auth_method"] = "none",
        }));
        await host.app.StartAsync();
        var address = new Uri(host.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        host.ClientId = new UriBuilder("https", "localhost", address.Port, "client.json").Uri;
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        File.Delete(CertificateFile);
    }
}
