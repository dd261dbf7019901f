using System.Text.Json;
using McpPlatform.Gateway.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace McpPlatform.Gateway.Health;

/// <summary>
/// Asks a service for its own health. A service that is down degrades the platform but leaves the Gateway able to work, so no answer of it is worse than
/// that; only what the Gateway itself cannot do without makes <c>/health</c> fail.
/// </summary>
internal sealed class ServiceHealthCheck([ServiceKey] string service, IHttpClientFactory clients, TimeProvider time) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), Fresh = TimeSpan.FromSeconds(2);
    private Answer? last;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        // Anyone may ask for /health; the services are asked no more often than this.
        if (last is not { } answer || time.GetElapsedTime(answer.At) >= Fresh)
        {
            last = answer = new(await AskAsync(cancellationToken), time.GetTimestamp());
        }

        return answer.Result;
    }

    private async Task<HealthCheckResult> AskAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            using var response = await clients.CreateClient(PlatformServices.Client).GetAsync(new Uri($"http://{service}/health"), timeout.Token);
            await using var body = await response.Content.ReadAsStreamAsync(timeout.Token);
            using var report = await JsonDocument.ParseAsync(body, cancellationToken: timeout.Token);
            var status = report.RootElement.GetProperty("status").GetString();
            return status == "healthy" ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"{service} says that it is {status}.");
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthCheckResult.Degraded($"{service} does not answer.", exception);
        }
    }

    private sealed record Answer(HealthCheckResult Result, long At);
}
