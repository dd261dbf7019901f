using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using Npgsql;
using RabbitMQ.Client;

namespace McpPlatform.Bench.ToolsCall;

/// <summary>
/// Gateway and McpService as they run in production, each a process of its own, on real PostgreSQL, Redis and RabbitMQ: real tokens, the access policy, limits, and
/// every call on record. Raised are only the limits that one caller alone would meet.
/// </summary>
internal sealed class BenchPlatform : IAsyncDisposable
{
    private readonly PlatformServers servers = new();
    private readonly Guid user = Guid.CreateVersion7();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null });
    private TestIssuer issuer = null!;
    private IConnection broker = null!;
    private string database = string.Empty;

    public MeasuredProcess Gateway { get; private set; } = null!;

    public MeasuredProcess McpService { get; private set; } = null!;

    public Uri GatewayUrl { get; } = FreeUrl();

    public Uri McpServiceUrl { get; } = FreeUrl();

    public static async Task<BenchPlatform> StartAsync()
    {
        var platform = new BenchPlatform();
        await platform.StartAllAsync();
        return platform;
    }

    /// <summary>A token of a user who may use and manage everything.</summary>
    public string NewToken() => issuer.CreateToken(user, "bench", [.. Permissions.Catalogue.Keys]);

    /// <summary>Asks McpService's API; fails unless the answer is a success.</summary>
    public async Task PostAsync(string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(McpServiceUrl, path)) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", NewToken());
        using var response = await http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>Registers a server, and an endpoint of that name at which it alone is, its tools under their own names.</summary>
    public async Task RegisterAsync(string name, Uri url)
    {
        await PostAsync("/api/mcp/servers", new { name, url });
        await PostAsync("/api/mcp/bundles", new { name, prefix = "never", servers = new[] { new { name } } });
    }

    /// <summary>Waits until every record has left for the broker: what a call costs is paid then.</summary>
    public async Task DrainAsync()
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        for (; ; await Task.Delay(20))
        {
            McpService.MustRun();
            await using var count = new NpgsqlCommand("SELECT NOT EXISTS (SELECT FROM mcp.outbox)", connection);
            if ((bool)(await count.ExecuteScalarAsync())!)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in (MeasuredProcess?[])[Gateway, McpService])
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        http.Dispose();
        if (broker is not null)
        {
            await broker.DisposeAsync();
        }

        if (issuer is not null)
        {
            await issuer.DisposeAsync();
        }

        await servers.DisposeAsync();
    }

    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Uri FreeUrl() => new($"http://127.0.0.1:{FreePort().ToString(CultureInfo.InvariantCulture)}");

    private async Task StartAllAsync()
    {
        await servers.InitializeAsync();
        issuer = await TestIssuer.StartAsync();
        database = await servers.CreateDatabaseAsync("bench");
        await using (var migration = MeasuredProcess.StartProject("McpService", ["migrate", $"--ConnectionStrings:mcpdb={database}"], []))
        {
            await migration.EndedAsync();
        }

        await using (var source = NpgsqlDataSource.Create(database))
        {
            await using var policy = source.CreateCommand("INSERT INTO mcp.access_policy (id, version, policy) VALUES (1, $1, $2::jsonb)");
            policy.Parameters.Add(new() { Value = TestIssuer.Policy.Version });
            policy.Parameters.Add(new() { Value = JsonSerializer.Serialize(TestIssuer.Policy) });
            await policy.ExecuteNonQueryAsync();
        }

        await BindQueuesAsync();
        McpService = MeasuredProcess.StartProject("McpService", [$"--urls={McpServiceUrl}"], new Dictionary<string, string?>(issuer.Settings)
        {
            ["ConnectionStrings:mcpdb"] = database,
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["JWT_SECRET_KEY"] = "a secret of the benchmark, of no worth to anybody",
            ["OUTBOUND_ALLOW"] = "127.0.0.1:*",
            ["Upstream:MaxCallsPerUser"] = "1000",
            ["Upstream:MaxCallsPerServer"] = "1000",
        });
        Dictionary<string, string?> settings = new(issuer.Settings)
        {
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["Authentication:ClientSecret"] = "a secret of the benchmark",
            ["RateLimits:PerUserPerMinute"] = "60000000",
            ["RateLimits:PerAddressPerMinute"] = "60000000",
            ["services:mcpservice:http:0"] = McpServiceUrl.AbsoluteUri,
        };
        foreach (var service in new[] { "authservice", "userservice", "analyticsservice" })
        {
            settings[$"services:{service}:http:0"] = new Uri(issuer.JwksAddress).GetLeftPart(UriPartial.Authority);
        }

        Gateway = MeasuredProcess.StartProject("Gateway", [$"--urls={GatewayUrl}"], settings);
        await ReadyAsync(McpServiceUrl, McpService);
        await ReadyAsync(GatewayUrl, Gateway);
    }

    // What is published to nobody costs a broker next to nothing. These queues keep the newest and nobody reads them.
    private async Task BindQueuesAsync()
    {
        broker = await new ConnectionFactory { Uri = new Uri(servers.RabbitMq) }.CreateConnectionAsync();
        await using var channel = await broker.CreateChannelAsync();
        foreach (var message in (string[])["ActivityRecorded", "ActivitiesRecorded", "RequestCompletedBatch"])
        {
            var exchange = "McpPlatform.Contracts.Messages:" + message;
            await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true);
            var queue = await channel.QueueDeclareAsync(
                $"bench-{message}-{Guid.CreateVersion7():N}", durable: true, exclusive: true, autoDelete: true, new Dictionary<string, object?> { ["x-max-length"] = 1_000 });
            await channel.QueueBindAsync(queue.QueueName, exchange, string.Empty);
        }
    }

    private async Task ReadyAsync(Uri url, MeasuredProcess process)
    {
        for (var attempt = 0; ; attempt++)
        {
            process.MustRun();
            try
            {
                using var response = await http.GetAsync(new Uri(url, "/health"));
                response.EnsureSuccessStatusCode();
                return;
            }
            catch (HttpRequestException) when (attempt < 300)
            {
                await Task.Delay(100);
            }
        }
    }
}
