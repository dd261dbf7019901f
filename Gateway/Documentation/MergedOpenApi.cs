using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Gateway.Routing;

namespace McpPlatform.Gateway.Documentation;

/// <summary>
/// The services' OpenAPI documents as one, of what the Gateway routes: fetched when asked for, kept for a minute. A service that is down is left out and
/// named in <c>x-missing-services</c>.
/// </summary>
internal sealed partial class MergedOpenApi(IHttpClientFactory clients, RouteTable routes, TimeProvider time, ILogger<MergedOpenApi> logger) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Kept = TimeSpan.FromSeconds(60), KeptIncomplete = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim gate = new(1);
    private Cached? cached;

    /// <summary>The document, as UTF-8 JSON.</summary>
    public async Task<byte[]> GetAsync(CancellationToken cancellationToken)
    {
        if (IsFresh(cached))
        {
            return cached!.Document;
        }

        await gate.WaitAsync(cancellationToken);
        try
        {
            return (IsFresh(cached) ? cached! : cached = await BuildAsync(cancellationToken)).Document;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private bool IsFresh(Cached? candidate) =>
        candidate is not null && time.GetElapsedTime(candidate.At) < (candidate.Complete ? Kept : KeptIncomplete);

    private async Task<Cached> BuildAsync(CancellationToken cancellationToken)
    {
        var fetched = await Task.WhenAll(PlatformServices.Names.Select(service => FetchAsync(service, cancellationToken)));
        var merge = new OpenApiMerge(routes);
        foreach (var (service, document) in PlatformServices.Names.Zip(fetched))
        {
            merge.Add(service, document);
        }

        return new(JsonSerializer.SerializeToUtf8Bytes(merge.ToDocument()), Array.TrueForAll(fetched, document => document is not null), time.GetTimestamp());
    }

    private async Task<JsonObject?> FetchAsync(string service, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            var document = await clients.CreateClient(PlatformServices.Client)
                .GetFromJsonAsync<JsonObject>(new Uri($"http://{service}/openapi/v1.json"), timeout.Token);
            return document;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogMissing(service, exception);
            return null;
        }
    }

    [LoggerMessage(40, LogLevel.Warning, "{Service} gave no OpenAPI document; it is left out of the merged one")]
    private partial void LogMissing(string service, Exception exception);

    private sealed record Cached(byte[] Document, bool Complete, long At);
}
