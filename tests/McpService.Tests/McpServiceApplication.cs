using System.Net.Http.Json;
using MassTransit;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.McpService.Tests;

[CollectionDefinition(Name)]
public sealed class McpServiceCollection : ICollectionFixture<McpServiceApplication>
{
    public const string Name = "McpService";
}

/// <summary>The service on a real port, its database migrated by its own command.</summary>
public sealed class McpServiceApplication(PlatformServers servers) : IAsyncLifetime
{
    public static readonly string[] AllPermissions = [.. Permissions.Catalogue.Keys];

    private Factory? factory;
    private TestIssuer? issuer;
    private string database = string.Empty;

    public async ValueTask InitializeAsync()
    {
        issuer = await TestIssuer.StartAsync();
        database = await servers.CreateDatabaseAsync("mcp");
        string[] arguments = ["migrate", $"--ConnectionStrings:mcpdb={database}"];
        Assert.Equal(0, await Task.Run(() => (int)typeof(Program).Assembly.EntryPoint!.Invoke(null, [arguments])!));
        await using (var db = new McpDbContext(new DbContextOptionsBuilder<McpDbContext>().UseNpgsql(database).Options))
        {
            await db.SaveAccessPolicyAsync(TestIssuer.Policy, CancellationToken.None);
        }

        factory = Start([]);
    }

    public async ValueTask DisposeAsync()
    {
        await factory!.DisposeAsync();
        await issuer!.DisposeAsync();
    }

    public string Redis => servers.Redis;

    public HttpClient Anonymous() => factory!.CreateClient();

    /// <summary>Somebody whose token carries these permissions.</summary>
    public HttpClient ClientWith(params string[] permissions) => ClientFor(Guid.CreateVersion7(), "caller", permissions);

    public HttpClient Admin() => ClientWith(AllPermissions);

    public HttpClient ClientFor(Guid id, string username, params string[] permissions)
    {
        var client = factory!.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", issuer!.CreateToken(id, username, permissions));
        return client;
    }

    /// <summary>A token that was issued to a client, as those for API keys are to the Gateway.</summary>
    public HttpClient ThroughClient(string client, params string[] permissions)
    {
        var token = issuer!.Describe(Guid.CreateVersion7(), "caller", permissions);
        token.Subject.AddClaim(new(PlatformClaims.Client, client));
        var http = factory!.CreateClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", TestIssuer.CreateToken(token));
        return http;
    }

    /// <summary>Somebody with these roles, teams and limits.</summary>
    public HttpClient ClientFor(Caller caller)
    {
        var client = factory!.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", issuer!.CreateToken("caller", caller));
        return client;
    }

    /// <summary>Changes the access policy and waits until it is in force. It is shared by all tests: rules for users and roles that no other test knows stay harmless.</summary>
    public async Task<AccessPolicy> ChangePolicyAsync(Func<AccessPolicy, AccessPolicy> change)
    {
        var policy = await InDatabaseAsync(async db =>
        {
            var old = (await db.LoadAccessPolicyAsync(CancellationToken.None))!;
            var changed = change(old) with { Version = old.Version + 1 };
            Assert.True(await db.SaveAccessPolicyAsync(changed, CancellationToken.None));
            return changed;
        });
        await factory!.Services.GetRequiredService<AccessPolicySource>().RefreshAsync(CancellationToken.None);
        return policy;
    }

    /// <summary>Registers a server as an admin does.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> RegisterAsync(string url, string? name = null, string transport = "http")
    {
        using var admin = Admin();
        name ??= NewName();
        var response = await admin.PostAsJsonAsync("/api/mcp/servers", new { name, url, transport });
        Assert.Equal(System.Net.HttpStatusCode.Created, response.StatusCode);
        return name;
    }

    /// <summary>Connects the SDK's client to an MCP endpoint.</summary>
    public async Task<ModelContextProtocol.Client.McpClient> ConnectAsync(
        string path, bool isModern, ModelContextProtocol.Client.McpClientHandlers? handlers, params string[] permissions)
    {
        var http = ClientWith(permissions);
        var transport = new ModelContextProtocol.Client.HttpClientTransport(
            new() { Endpoint = new Uri(http.BaseAddress!, path), TransportMode = ModelContextProtocol.Client.HttpTransportMode.StreamableHttp }, http, ownsHttpClient: true);
        return await ModelContextProtocol.Client.McpClient.CreateAsync(
            transport, new() { ProtocolVersion = isModern ? "2026-07-28" : "2025-11-25", Handlers = handlers ?? new() });
    }

    /// <summary>Another replica over the same database.</summary>
    public IAsyncDisposable StartReplica(Dictionary<string, string?> settings) => Start(settings);

    /// <summary>Another replica over the same database, and a client of it.</summary>
    public (IAsyncDisposable Replica, HttpClient Client) StartReplicaFor(Guid user, Dictionary<string, string?>? settings = null)
    {
        var replica = Start(settings ?? []);
        var client = replica.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", issuer!.CreateToken(user, "caller", AllPermissions));
        return (replica, client);
    }

    /// <summary>A part of the service, to look at.</summary>
    internal T Part<T>()
        where T : notnull => factory!.Services.GetRequiredService<T>();

    public Task<EventProbe<T>> ListenAsync<T>()
        where T : class => EventProbe<T>.StartAsync(servers.RabbitMq);

    public async Task PublishAsync<T>(T fact)
        where T : class, IFact
    {
        // What is published before the queues are there reaches nobody.
        await factory!.Services.BusHasStartedAsync(servers);
        await factory.Services.GetRequiredService<IBus>().Publish(fact, context => context.MessageId = fact.EventId);
    }

    internal async Task<T> InDatabaseAsync<T>(Func<McpDbContext, Task<T>> work)
    {
        await using var scope = factory!.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<McpDbContext>());
    }

    public static string NewName() => $"server-{Guid.CreateVersion7():N}";

    private Factory Start(Dictionary<string, string?> settings)
    {
        var started = new Factory(new Dictionary<string, string?>([.. issuer!.Settings, .. Stdio.StdioChild.Settings, .. settings], StringComparer.Ordinal)
        {
            ["services:authservice:http:0"] = new Uri(issuer.JwksAddress).GetLeftPart(UriPartial.Authority),
            ["ConnectionStrings:mcpdb"] = database,
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["JWT_SECRET_KEY"] = "0123456789abcdef0123456789abcdef-of-tests",
            ["OUTBOUND_ALLOW"] = "127.0.0.1:*",
            ["Monitor:Interval"] = "00:00:01",
            ["Monitor:Timeout"] = "00:00:01",
            ["Upstream:MaxCallsPerUser"] = "3",
            ["Upstream:ListTimeout"] = "00:00:01",
        }, servers);
        started.UseKestrel(0);
        started.StartServer();
        return started;
    }

    private sealed class Factory(Dictionary<string, string?> settings, PlatformServers servers) : WebApplicationFactory<Program>
    {
        public override async ValueTask DisposeAsync()
        {
            await Services.BusHasStartedAsync(servers);
            await base.DisposeAsync();
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }
        }
    }
}
