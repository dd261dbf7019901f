using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace McpPlatform.AuthService.Telemetry;

/// <summary>The service's instruments.</summary>
internal sealed class AuthTelemetry(IMeterFactory meters)
{
    private readonly Counter<long> logins = meters.Create("McpPlatform.AuthService")
        .CreateCounter<long>("mcpplatform.auth.logins", description: "Logins, by outcome.");

    private readonly Histogram<double> hashing = meters.Create("McpPlatform.AuthService")
        .CreateHistogram<double>("mcpplatform.auth.password_hash.duration", "s", "Time to hash or verify one password.");

    public void CountLogin(string outcome) => logins.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public IDisposable MeasureHashing() => new Measurement(hashing, Stopwatch.GetTimestamp());

    private sealed class Measurement(Histogram<double> histogram, long from) : IDisposable
    {
        public void Dispose() => histogram.Record(Stopwatch.GetElapsedTime(from).TotalSeconds);
    }
}
