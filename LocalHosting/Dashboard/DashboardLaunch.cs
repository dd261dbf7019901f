using System.Security.Cryptography;

namespace McpPlatform.LocalHosting.Dashboard;

/// <summary>How Aspire's dashboard is started, and what others need to reach it. Every run has its own keys.</summary>
/// <param name="Executable">The path of <c>aspire-managed</c>.</param>
/// <param name="Port">The port of the pages and of the telemetry API.</param>
/// <param name="OtlpGrpcPort">The port that takes telemetry over gRPC.</param>
/// <param name="OtlpHttpPort">The port that takes telemetry over HTTP.</param>
/// <param name="ResourceServiceUrl">The address of <see cref="DashboardResourceService"/>.</param>
/// <param name="ResourceServiceKey">The key it was started with.</param>
internal sealed record DashboardLaunch(
    string Executable, int Port, int OtlpGrpcPort, int OtlpHttpPort, string ResourceServiceUrl, string ResourceServiceKey)
{
    /// <summary>The port that is taken when it is free.</summary>
    public const int DefaultPort = 18888;

    private readonly string _browserToken = NewKey();
    private readonly string _otlpKey = NewKey();

    /// <summary>The program is a bundle of several.</summary>
    public static IReadOnlyList<string> Arguments { get; } = ["dashboard"];

    /// <summary>Where the program finds its pages.</summary>
    public string WorkingDirectory => Path.GetDirectoryName(Executable)!;

    public string Url => $"http://localhost:{Port}";

    /// <summary>Opens the dashboard without a question for the token.</summary>
    public string LoginUrl => $"{Url}/login?t={_browserToken}";

    /// <summary>For the header <c>x-api-key</c> of the telemetry API.</summary>
    public string ApiKey { get; } = NewKey();

    /// <summary>What the dashboard is started with.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["ASPNETCORE_URLS"] = Url,
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true", // Plain HTTP: everything here listens on loopback only.
        ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{OtlpGrpcPort}",
        ["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"] = $"http://localhost:{OtlpHttpPort}",
        ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = ResourceServiceUrl,
        ["DASHBOARD__RESOURCESERVICECLIENT__AUTHMODE"] = "ApiKey",
        ["DASHBOARD__RESOURCESERVICECLIENT__APIKEY"] = ResourceServiceKey,
        ["DASHBOARD__FRONTEND__AUTHMODE"] = "BrowserToken",
        ["DASHBOARD__FRONTEND__BROWSERTOKEN"] = _browserToken,
        ["DASHBOARD__OTLP__AUTHMODE"] = "ApiKey",
        ["DASHBOARD__OTLP__PRIMARYAPIKEY"] = _otlpKey,
        ["DASHBOARD__API__ENABLED"] = "true",
        ["DASHBOARD__API__AUTHMODE"] = "ApiKey",
        ["DASHBOARD__API__PRIMARYAPIKEY"] = ApiKey,
    };

    /// <summary>What makes a process send its telemetry here, shown at the instance <paramref name="instanceName"/> (<c>service-suffix</c>).</summary>
    public IReadOnlyDictionary<string, string> TelemetryOf(string resourceName, string instanceName) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://localhost:{OtlpGrpcPort}",
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
        ["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={_otlpKey}",
        ["OTEL_SERVICE_NAME"] = resourceName,
        ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instanceName[(instanceName.LastIndexOf('-') + 1)..]}",

        // A person is watching: every trace, and after a second instead of five or sixty.
        ["OTEL_TRACES_SAMPLER"] = "always_on",
        ["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "1000",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "1000",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
    };

    /// <summary>128 random bits in hexadecimal: safe in a header, an address and the environment.</summary>
    public static string NewKey() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
