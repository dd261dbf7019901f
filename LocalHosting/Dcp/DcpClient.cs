using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Talks to DCP's API server: loopback, TLS with a certificate authority of this session, a bearer token.</summary>
internal sealed class DcpClient : IDisposable
{
    private const string Api = "apis/usvc-dev.developer.microsoft.com/v1/";
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly X509Certificate2 _authority;
    private readonly HttpClient _http;

    public DcpClient(KubeConfig config)
    {
        _authority = X509CertificateLoader.LoadCertificate(config.Authority);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = null,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { _authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        _http = new HttpClient(handler) { BaseAddress = config.Server, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", config.Token);
    }

    public Task CreateAsync(DcpObject<ServiceSpec, ServiceStatus> service, CancellationToken cancellationToken) =>
        PostAsync("services", service, cancellationToken);

    public Task CreateAsync(DcpObject<ExecutableSpec, ExecutableStatus> executable, CancellationToken cancellationToken) =>
        PostAsync("executables", executable, cancellationToken);

    public Task<DcpObject<ServiceSpec, ServiceStatus>?> ServiceAsync(string name, CancellationToken cancellationToken) =>
        _http.GetFromJsonAsync<DcpObject<ServiceSpec, ServiceStatus>>($"{Api}services/{name}", Format, cancellationToken);

    /// <summary>The executable's status, or null when there is no such executable.</summary>
    public async Task<ExecutableStatus?> StatusAsync(string name, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync(new Uri($"{Api}executables/{name}", UriKind.Relative), cancellationToken);
        if (response.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        var executable = await response.Content.ReadFromJsonAsync<DcpObject<ExecutableSpec, ExecutableStatus>>(Format, cancellationToken);
        return executable!.Status ?? new ExecutableStatus(null, null, null, null, null, null, null);
    }

    /// <summary>Every executable as it is, then each change.</summary>
    public async IAsyncEnumerable<DcpEvent> WatchExecutablesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await _http.GetStreamAsync(new Uri($"{Api}executables?watch=true", UriKind.Relative), cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            yield return JsonSerializer.Deserialize<DcpEvent>(line, Format)!;
        }
    }

    public async IAsyncEnumerable<string> LogAsync(
        string name, string source, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var uri = new Uri($"{Api}executables/{name}/log?follow={(follow ? "true" : "false")}&timestamps=true&source={source}", UriKind.Relative);
        using var response = await _http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            yield break;
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            yield return line;
        }
    }

    public Task StopAsync(string name, CancellationToken cancellationToken) =>
        PatchAsync($"{Api}executables/{name}", """{"spec":{"stop":true}}""", cancellationToken);

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        using var response = await _http.DeleteAsync(new Uri($"{Api}executables/{name}", UriKind.Relative), cancellationToken);
        while (await StatusAsync(name, cancellationToken) is not null)
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Stops and removes everything, then ends DCP itself.</summary>
    public async Task ShutDownAsync(CancellationToken cancellationToken)
    {
        await PatchAsync("admin/execution", """{"status":"CleaningResources","shutdownResourceCleanup":"Full"}""", cancellationToken);
        while (await _http.GetFromJsonAsync<ExecutionStatus>("admin/execution", Format, cancellationToken) is not { Status: "CleanupComplete" })
        {
            await Task.Delay(50, cancellationToken);
        }

        await PatchAsync("admin/execution", """{"status":"Stopping"}""", cancellationToken);
    }

    public void Dispose()
    {
        _http.Dispose();
        _authority.Dispose();
    }

    private async Task PostAsync<T>(string kind, T value, CancellationToken cancellationToken)
    {
        using var response = await _http.PostAsJsonAsync($"{Api}{kind}", value, Format, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new DistributedApplicationException(
                $"The orchestrator refused to create one of the {kind}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }

    private async Task PatchAsync(string path, string json, CancellationToken cancellationToken)
    {
        // Exactly this type, without a charset: DCP answers 200 and does nothing otherwise.
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/merge-patch+json");
        using var response = await _http.PatchAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    private sealed record ExecutionStatus(string? Status);
}
