using System.Security.Cryptography;
using McpPlatform.LocalHosting.Servers;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Aspire's dashboard as a process: its keys, its addresses, and what the services need to send it their telemetry.</summary>
internal sealed class DashboardProcess(string program)
{
    public const int PreferredPort = 18888;
    private readonly int _otlpPort = Ports.Free(), _otlpHttpPort = Ports.Free();
    private readonly string _telemetryKey = NewKey(), _token = NewKey();

    public string ResourceServiceKey { get; } = NewKey();

    public int Port { get; } = Ports.IsFree(PreferredPort) ? PreferredPort : Ports.Free();

    /// <summary>The address with the token that logs its owner in.</summary>
    public string LoginUrl => $"http://localhost:{Port}/login?t={_token}";

    public ExecutableSpec Command(string resourceServiceUrl) => new(program, Path.GetDirectoryName(program)!, ["dashboard"],
    [
        new("ASPNETCORE_URLS", $"http://localhost:{Port}"),
        new("ASPNETCORE_ENVIRONMENT", "Production"),
        new("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
        new("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", $"http://localhost:{_otlpPort}"),
        new("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", $"http://localhost:{_otlpHttpPort}"),
        new("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", resourceServiceUrl),
        new("DASHBOARD__FRONTEND__AUTHMODE", "BrowserToken"),
        new("DASHBOARD__FRONTEND__BROWSERTOKEN", _token),
        new("DASHBOARD__RESOURCESERVICECLIENT__AUTHMODE", "ApiKey"),
        new("DASHBOARD__RESOURCESERVICECLIENT__APIKEY", ResourceServiceKey),
        new("DASHBOARD__OTLP__AUTHMODE", "ApiKey"),
        new("DASHBOARD__OTLP__PRIMARYAPIKEY", _telemetryKey),
    ]);

    public IEnumerable<KeyValuePair<string, string>> TelemetryVariables(string resourceName, string instanceId) =>
    [
        new("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://localhost:{_otlpPort}"),
        new("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        new("OTEL_EXPORTER_OTLP_HEADERS", $"x-otlp-api-key={_telemetryKey}"),
        new("OTEL_SERVICE_NAME", resourceName),
        new("OTEL_RESOURCE_ATTRIBUTES", $"service.instance.id={instanceId}"),

        // A person is watching: show a trace after a second, not after five, and all of them.
        new("OTEL_BSP_SCHEDULE_DELAY", "1000"),
        new("OTEL_BLRP_SCHEDULE_DELAY", "1000"),
        new("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        new("OTEL_TRACES_SAMPLER", "always_on"),
        new("OTEL_METRICS_EXEMPLAR_FILTER", "trace_based"),
    ];

    private static string NewKey() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
