using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text.Json;
using MassTransit;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.AuthService.Tests;

[CollectionDefinition(Name)]
public sealed class AuthServiceCollection : ICollectionFixture<AuthServiceApplication>
{
    public const string Name = "AuthService";
}

/// <summary>The service on a real port, its database migrated by its own command, its tokens its own.</summary>
public sealed class AuthServiceApplication(PlatformServers servers) : IAsyncLifetime
{
    public const string Issuer = "http://platform.test/";
    public const string OneTimePassword = "one-time-0123456789abcdef";
    public const string ClientSecret = "userservice-secret-0123456789";
    public const string Password = "correct horse battery";

    private static int addresses;
    private Factory? factory;
    private string? serviceToken;
    private Dictionary<string, string?> settings = [];

    public string Database { get; private set; } = string.Empty;

    /// <summary>Changes to the services, for what a test must bring along; set it before the start.</summary>
    internal Action<IServiceCollection> Services { get; init; } = _ => { };

    /// <summary>The service's clock, where a test turns it.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where it listens; any free port when 0.</summary>
    internal int Port { get; init; }

    public ValueTask InitializeAsync() => InitializeAsync([]);

    public async ValueTask InitializeAsync(params (string Key, string? Value)[] changes)
    {
        Database = await servers.CreateDatabaseAsync("auth");
        Assert.Equal(0, await RunAsync(["migrate"]));
        Start(Changed(DefaultSettings(), changes));
    }

    /// <summary>The servers that it uses, for an instance beside it.</summary>
    internal PlatformServers Servers => servers;

    /// <summary>Where it listens.</summary>
    internal Uri Address => factory!.ClientOptions.BaseAddress;

    /// <summary>This instance stops, and one with other settings starts on the same database; a null removes a setting.</summary>
    public async Task<AuthServiceApplication> RestartAsync(params (string Key, string? Value)[] changes)
    {
        await DisposeAsync();
        return StartReplica(changes);
    }

    /// <summary>Starts another replica on the same database, with settings changed; a null removes one.</summary>
    public AuthServiceApplication StartReplica(params (string Key, string? Value)[] changes)
    {
        var replica = new AuthServiceApplication(servers) { Database = Database, Clock = Clock, Services = Services };
        replica.Start(Changed(new(settings, StringComparer.Ordinal), changes));
        return replica;
    }

    public async ValueTask DisposeAsync()
    {
        if (factory is not null)
        {
            await factory.Services.BusHasStartedAsync(servers);
            await factory.DisposeAsync();
            factory = null;
        }
    }

    /// <summary>The program as the command line starts it, with settings changed.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> RunAsync(string[] command, params (string Key, string? Value)[] changes)
    {
        string[] arguments = [.. command, .. Changed(DefaultSettings(), changes).Select(setting => $"--{setting.Key}={setting.Value}")];
        return Task.Run(() => (int)typeof(Program).Assembly.EntryPoint!.Invoke(null, [arguments])!);
    }

    /// <summary>A client of the service.</summary>
    /// <param name="token">Its access token.</param>
    /// <param name="address">Where it says that it comes from; else each comes from an address of its own, so that no test uses up the failed logins of another.</param>
    public HttpClient Client(string? token = null, string? address = null)
    {
        var client = factory!.CreateClient();
        var number = Interlocked.Increment(ref addresses);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address ?? $"198.18.{number / 250}.{(number % 250) + 1}");
        client.DefaultRequestHeaders.Authorization = token is null ? null : new("Bearer", token);
        return client;
    }

    /// <summary>A browser of its own.</summary>
    internal Authorization.Browser Browser()
    {
        using var client = Client();
        return new(client.BaseAddress!);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, object body, string? token = null)
    {
        using var client = Client(token);
        return await client.PostAsJsonAsync(path, body);
    }

    /// <summary>UserService's own token.</summary>
    public async Task<string> ServiceTokenAsync()
    {
        if (serviceToken is null)
        {
            using var response = await AskForServiceTokenAsync("userservice", ClientSecret);
            serviceToken = (await JsonAsync(response)).GetProperty("access_token").GetString();
        }

        return serviceToken!;
    }

    public async Task<HttpResponseMessage> AskForServiceTokenAsync(string clientId, string secret)
    {
        using var client = Client();
        return await client.PostAsync("/connect/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["client_id"] = clientId, ["client_secret"] = secret,
        }));
    }

    /// <summary>A new account, made as UserService makes one.</summary>
    public async Task<(Guid Id, string Username)> CreateAccountAsync(params string[] permissions)
    {
        var id = Guid.CreateVersion7();
        var username = $"user-{id:N}";
        using var response = await PostAsync("/internal/accounts", new { id, username, password = Password, roles = new[] { "user" }, permissions }, await ServiceTokenAsync());
        Assert.Equal(System.Net.HttpStatusCode.Created, response.StatusCode);
        return (id, username);
    }

    public async Task<(string AccessToken, string RefreshToken)> LogInAsync(string username, string password = Password)
    {
        using var response = await PostAsync("/api/login", new { username, password });
        var login = await JsonAsync(response);
        return (login.GetProperty("access_token").GetString()!, login.GetProperty("refresh_token").GetString()!);
    }

    public Task<EventProbe<T>> ListenAsync<T>()
        where T : class => EventProbe<T>.StartAsync(servers.RabbitMq);

    /// <summary>Publishes as UserService does.</summary>
    public Task PublishAsync<T>(T fact)
        where T : class, IFact => factory!.Services.GetRequiredService<IBus>().Publish(fact, context => context.MessageId = fact.EventId);

    /// <summary>Hears each measurement of one of this instance's instruments.</summary>
    public MeterListener ListenToMeter(string instrument, Action measured)
    {
        var meters = factory!.Services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (one, self) =>
            {
                if (one.Name == instrument && one.Meter.Scope == meters)
                {
                    self.EnableMeasurementEvents(one);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => measured());
        listener.Start();
        return listener;
    }

    /// <summary>Works with one of the service's own parts.</summary>
    internal async Task<TResult> InScopeAsync<TService, TResult>(Func<TService, Task<TResult>> work)
        where TService : notnull
    {
        await using var scope = factory!.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<TService>());
    }

    internal KeyRing Keys => factory!.Services.GetRequiredService<KeyRing>();

    internal T Service<T>()
        where T : notnull => factory!.Services.GetRequiredService<T>();

    internal async Task InScopeAsync<T>(Func<T, Task> work)
        where T : notnull
    {
        await using var scope = factory!.Services.CreateAsyncScope();
        await work(scope.ServiceProvider.GetRequiredService<T>());
    }

    internal async Task<T> InDatabaseAsync<T>(Func<AuthDbContext, Task<T>> work)
    {
        await using var scope = factory!.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<AuthDbContext>());
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    public static async Task<string> EventuallyAsync(Func<Task<string?>> look)
    {
        for (var until = DateTime.UtcNow.AddSeconds(10); DateTime.UtcNow < until; await Task.Delay(30))
        {
            if (await look() is { } found)
            {
                return found;
            }
        }

        throw new TimeoutException("It did not happen within 10 s.");
    }

    private void Start(Dictionary<string, string?> chosen)
    {
        settings = chosen;
        factory = new Factory(settings, Services, Clock);
        factory.UseKestrel(Port);
        factory.StartServer();
    }

    private static Dictionary<string, string?> Changed(Dictionary<string, string?> settings, IEnumerable<(string Key, string? Value)> changes)
    {
        foreach (var (key, value) in changes)
        {
            if (value is null)
            {
                settings.Remove(key);
            }
            else
            {
                settings[key] = value;
            }
        }

        return settings;
    }

    private Dictionary<string, string?> DefaultSettings() => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings:authdb"] = Database,
        ["ConnectionStrings:redis"] = servers.Redis,
        ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
        ["Authentication:Issuer"] = Issuer,
        ["JWT_SECRET_KEY"] = "a test's secret key of more than 32 characters",
        ["BOOTSTRAP_PASSWORD"] = OneTimePassword,
        ["ServiceClients:userservice"] = ClientSecret,
        ["ServiceClients:another"] = ClientSecret,
        ["ServiceClients:gateway"] = ClientSecret,
        ["Passwords:BcryptCost"] = "10",
        ["OAuth:RegistrationsPerHour"] = "10000",
    };

    private sealed class Factory(Dictionary<string, string?> settings, Action<IServiceCollection> services, TimeProvider clock) : WebApplicationFactory<Program>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            builder.ConfigureServices(services);
            builder.ConfigureTestServices(services => services.AddSingleton(clock));
            foreach (var (key, value) in settings)
            {
                builder.UseSetting(key, value);
            }
        }
    }
}
