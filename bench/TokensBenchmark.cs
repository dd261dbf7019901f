using System.Diagnostics;
using System.Net.Http.Headers;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace McpPlatform.Bench;

/// <summary>
/// What a token adds to a request at the Gateway: the same request to an anonymous route, without a token, with one that the Gateway has seen before, and with a
/// new one each time. A real Gateway (its own process), real Redis and broker, an upstream that answers at once; the three take turns, a block each.
/// </summary>
internal static class TokensBenchmark
{
    private const int Rounds = 40, Block = 250;
    private static readonly string Path = "/.well-known/openid-configuration";

    public static async Task RunAsync()
    {
        await using var servers = new PlatformServers();
        await servers.InitializeAsync();
        await using var issuer = await TestIssuer.StartAsync();
        await using var upstream = await UpstreamAsync();
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        using var gateway = Start(address, servers, issuer, upstream.Urls.First());
        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null }) { BaseAddress = address };
            await ReadyAsync(client);
            var seen = NewToken(issuer);
            Variant[] variants = [new("without a token", () => null), new("with a token seen before", () => seen), new("with a new token", () => NewToken(issuer))];
            for (var round = -5; round < Rounds; round++)
            {
                // The order turns, so that none always follows the same other.
                for (var place = 0; place < variants.Length; place++)
                {
                    var variant = variants[(place + round + variants.Length * 5) % variants.Length];
                    await RunBlockAsync(client, gateway, variant, counts: round >= 0);
                }
            }

            Report(variants);
        }
        finally
        {
            gateway.Kill(entireProcessTree: true);
            await gateway.WaitForExitAsync();
        }
    }

    private static async Task RunBlockAsync(HttpClient client, Process gateway, Variant variant, bool counts)
    {
        var tokens = Enumerable.Range(0, Block).Select(_ => variant.Token()).ToArray();
        gateway.Refresh();
        var before = gateway.TotalProcessorTime;
        foreach (var token in tokens)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Path);
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            var started = Stopwatch.GetTimestamp();
            using var response = await client.SendAsync(request);
            var took = Stopwatch.GetElapsedTime(started);
            response.EnsureSuccessStatusCode();
            if (counts)
            {
                variant.Latencies.Add(took.TotalMicroseconds);
            }
        }

        gateway.Refresh();
        if (counts)
        {
            variant.Cpu += gateway.TotalProcessorTime - before;
        }
    }

    private static void Report(Variant[] variants)
    {
        Console.Out.WriteLine($"{"one request after the other, " + (Rounds * Block) + " each",-50} {"median",10} {"mean",10} {"p99",10} {"CPU of the Gateway",20}");
        var plain = variants[0];
        foreach (var variant in variants)
        {
            variant.Latencies.Sort();
            Console.Out.WriteLine($"{variant.Name,-50} {variant.At(0.5),7:0} µs {variant.Mean,7:0} µs {variant.At(0.99),7:0} µs {variant.CpuEach,17:0} µs");
        }

        foreach (var variant in variants[1..])
        {
            Console.Out.WriteLine($"{"added " + variant.Name,-50} {variant.At(0.5) - plain.At(0.5),7:0} µs {variant.Mean - plain.Mean,7:0} µs {variant.At(0.99) - plain.At(0.99),7:0} µs {variant.CpuEach - plain.CpuEach,17:0} µs");
        }
    }

    private static string NewToken(TestIssuer issuer) => issuer.CreateToken(Guid.CreateVersion7(), "alice", "mcp.servers.read", "mcp.tools.call");

    private static async Task<WebApplication> UpstreamAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet(Path, () => "ok");
        await app.StartAsync();
        return app;
    }

    private static Process Start(Uri address, PlatformServers servers, TestIssuer issuer, string upstream)
    {
        var assembly = System.IO.Path.Combine(AppContext.BaseDirectory.Replace("Bench", "Gateway", StringComparison.Ordinal), "Gateway.dll");
        var start = new ProcessStartInfo("dotnet", [assembly, $"--urls={address}"]) { UseShellExecute = false, RedirectStandardOutput = true, WorkingDirectory = System.IO.Path.GetDirectoryName(assembly) };
        Dictionary<string, string?> settings = new(issuer.Settings, StringComparer.Ordinal)
        {
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["Authentication:ClientSecret"] = "a secret of the benchmark",
            ["RateLimits:PerUserPerMinute"] = "60000000",
            ["RateLimits:PerAddressPerMinute"] = "60000000",
        };
        foreach (var service in new[] { "authservice", "userservice", "mcpservice", "analyticsservice" })
        {
            settings[$"services:{service}:http:0"] = upstream;
        }

        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task ReadyAsync(HttpClient client)
    {
        for (var started = Stopwatch.GetTimestamp(); ; await Task.Delay(100))
        {
            try
            {
                using var response = await client.GetAsync(Path);
                response.EnsureSuccessStatusCode();
                return;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1))
            {
                // It starts.
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Variant(string name, Func<string?> token)
    {
        public string Name => name;

        public Func<string?> Token => token;

        public List<double> Latencies { get; } = [];

        public TimeSpan Cpu { get; set; }

        public double Mean => Latencies.Average();

        public double CpuEach => Cpu.TotalMicroseconds / Latencies.Count;

        public double At(double share) => Latencies[(int)(share * (Latencies.Count - 1))];
    }
}
