using System.Diagnostics.Metrics;
using System.Text.Json;
using Yarp.ReverseProxy.Forwarder;

namespace McpPlatform.Gateway.Telemetry;

/// <summary>What the Gateway measures beside what ASP.NET Core and YARP measure of themselves.</summary>
internal sealed class GatewayTelemetry
{
    private readonly Counter<long> refused;
    private readonly Counter<long> failures;

    public GatewayTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create("McpPlatform.Gateway");
        refused = meter.CreateCounter<long>("mcpplatform.gateway.refused", description: "Requests refused by a rule of the Gateway.");
        failures = meter.CreateCounter<long>("mcpplatform.gateway.forwarding.failures", description: "Requests that a service did not answer to the end.");
    }

    /// <summary>Counts a refusal.</summary>
    /// <param name="rule">One of a few constants, such as <c>body_too_large</c>.</param>
    public void CountRefused(string rule) => refused.Add(1, new KeyValuePair<string, object?>("rule", rule));

    public void CountForwardingFailure(string service, ForwarderError error) =>
        failures.Add(1, new("service", service), new("error.type", NameOf(error)));

    /// <summary>The kind of failure as metrics and events name it.</summary>
    public static string NameOf(ForwarderError error) => JsonNamingPolicy.SnakeCaseLower.ConvertName(error.ToString());
}
