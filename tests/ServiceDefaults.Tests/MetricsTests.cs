using System.Net;
using McpPlatform.TestSupport;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class MetricsTests(PlatformServers servers)
{
    [Fact]
    public async Task Prometheus_reads_what_dashboards_rely_on()
    {
        await using var service = await ExampleService.StartAsync(servers);
        using var client = service.Client();
        await client.GetStringAsync("/address");

        // Measured now and then, not at each scrape.
        var text = string.Empty;
        string[] wanted = [.. FrameworkMetrics.Names, "mcpplatform_telemetry_spool_size_bytes"];
        for (var attempt = 0; attempt < 100 && wanted.Any(name => !Has(text, name)); attempt++)
        {
            await Task.Delay(attempt == 0 ? 0 : 100);
            using var response = await client.GetAsync("/metrics");
            Assert.Equal((HttpStatusCode.OK, "text/plain"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
            text = await response.Content.ReadAsStringAsync();
        }

        Assert.All(wanted, name => Assert.True(Has(text, name), $"{name} is not there."));
        Assert.Contains("http_route=\"/address\"", text, StringComparison.Ordinal);
    }

    private static bool Has(string text, string name) => text.Contains($"\n{name}{{", StringComparison.Ordinal) || text.Contains($"\n{name} ", StringComparison.Ordinal);
}
