using System.Net.Http.Headers;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.Gateway.Tests;

/// <summary>The Gateway on a real port, in front of four echo backends, with real tokens, Redis and broker.</summary>
public sealed class GatewayApplication : IAsyncLifetime
{
    internal const string ClientSecret = "gateway-secret-0123456789";
    internal const string TrustedOrigin = "https://console.example.com";
    internal static readonly string[] ServiceNames = ["authservice", "userservice", "mcpservice", "analyticsservice"];
    private readonly PlatformServers servers;
    private readonly Dictionary<string, string?> overrides = new(StringComparer.OrdinalIgnoreCase);
    private WebApplicationFactory<Program>? factory;
    private EventProbe<RequestCompletedBatch>? probe;

    public GatewayApplication(PlatformServers servers) => this.servers = servers;

    internal PlatformServers Servers => servers;

    internal TestIssuer Issuer { get; private set; } = null!;

    internal Dictionary<string, EchoBackend> Backends { get; } = new(StringComparer.Ordinal);

    internal IServiceProvider Services => factory!.Services;

    internal Uri Address { get; private set; } = null!;

    /// <summary>A Gateway of the test's own, configured otherwise.</summary>
    internal static async Task<GatewayApplication> StartAsync(PlatformServers servers, params (string Key, string? Value)[] settings)
    {
        var application = new GatewayApplication(servers);
        foreach (var (key, value) in settings)
        {
            application.overrides[key] = value;
        }

        await application.InitializeAsync();
        return application;
    }

    public async ValueTask InitializeAsync()
    {
        Issuer = await TestIssuer.StartAsync();
        var settings = new Dictionary<string, string?>(Issuer.Settings, StringComparer.OrdinalIgnoreCase)
        {
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["urls"] = "http://127.0.0.1:0",
            ["CORS_ORIGINS"] = TrustedOrigin,
            ["Authentication:ClientSecret"] = ClientSecret,
            ["RateLimits:PerUserPerMinute"] = "1000000",
            ["RateLimits:PerAddressPerMinute"] = "1000000",
            ["RateLimits:LoginsPerAddressPerMinute"] = "1000000",
        };
        foreach (var service in ServiceNames)
        {
            Backends[service] = await EchoBackend.StartAsync(service);
            settings[$"services:{service}:http:0"] = Backends[service].Address;
        }

        foreach (var (key, value) in overrides)
        {
            settings[key] = value;
        }

        factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            foreach (var (key, value) in settings)
            {
                host.UseSetting(key, value);
            }
        });
        factory.UseKestrel();
        factory.StartServer();
        Address = new Uri(factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        if (probe is not null)
        {
            await probe.DisposeAsync();
        }

        if (factory is not null)
        {
            await factory.DisposeAsync();
        }

        foreach (var backend in Backends.Values)
        {
            await backend.DisposeAsync();
        }

        await Issuer.DisposeAsync();
    }

    /// <summary>A client without a token.</summary>
    internal HttpClient Anonymous() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ActivityHeadersPropagator = null })
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromSeconds(20),
    };

    /// <summary>A client of a user who is logged in.</summary>
    internal HttpClient ClientFor(Guid userId, string username = "alice", params string[] permissions) => WithToken(Issuer.CreateToken(userId, username, permissions));

    internal HttpClient WithToken(string token)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    internal HttpClient SignedIn() => ClientFor(Guid.CreateVersion7());

    /// <summary>Starts to listen on the broker, where analytics would.</summary>
    internal async Task ListenAsync() => probe ??= await EventProbe<RequestCompletedBatch>.StartAsync(servers.RabbitMq);

    /// <summary>The event of a request, once it came over the broker.</summary>
    /// <param name="path">The request's path, used once among all tests, or together with the user.</param>
    /// <param name="user">Who made it; null for anybody.</param>
    /// <param name="within">How long it may take.</param>
    internal async Task<RequestCompleted> RecordedAsync(string path, Guid? user = null, TimeSpan? within = null)
    {
        var batch = await probe!.WaitForAsync(batch => batch.Events.Any(request => Fits(request, path, user)), within);
        return batch.Events.First(request => Fits(request, path, user));
    }

    internal int CountRecorded(string path, Guid? user = null) => probe!.All(_ => true).Sum(batch => batch.Events.Count(request => Fits(request, path, user)));

    private static bool Fits(RequestCompleted request, string path, Guid? user) => request.Path == path && (user is null || request.UserId == user);
}
