using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using McpPlatform.AuthService.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>An https host with documents of clients, whose certificate a test's instance of the service trusts.</summary>
internal sealed class ClientHost : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly X509Certificate2 certificate;
    private readonly ConcurrentBag<string> requests = [];

    private ClientHost(WebApplication app, X509Certificate2 certificate) => (this.app, this.certificate) = (app, certificate);

    /// <summary>What is answered, by path.</summary>
    public Dictionary<string, RequestDelegate> Answers { get; } = new(StringComparer.Ordinal);

    public int RequestsFor(string path) => requests.Count(one => one == path);

    public Uri Address { get; private set; } = null!;

    public static async Task<ClientHost> StartAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var host = new ClientHost(builder.Build(), certificate);
        host.app.Run(context =>
        {
            host.requests.Add(context.Request.Path);
            return host.Answers.TryGetValue(context.Request.Path, out var answer) ? answer(context) : Results.NotFound().ExecuteAsync(context);
        });
        await host.app.StartAsync();
        host.Address = new Uri(host.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        return host;
    }

    /// <summary>Makes the service trust this host's certificate, and no other that is not valid.</summary>
    public void Trust(IServiceCollection services) => services.AddHttpClient(ClientDocuments.Client).ConfigurePrimaryHttpMessageHandler((handler, _) =>
        ((SocketsHttpHandler)handler).SslOptions.RemoteCertificateValidationCallback = (_, presented, _, errors) =>
            errors == System.Net.Security.SslPolicyErrors.None || presented?.GetCertHashString() == certificate.GetCertHashString());

    /// <summary>Puts a client's document up.</summary>
    /// <returns>The client's id.</returns>
    public string Publish(string path, Func<string, object> document)
    {
        var id = new Uri(Address, path).AbsoluteUri;
        Answers[path] = context => context.Response.WriteAsJsonAsync(document(id));
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        certificate.Dispose();
    }
}
