using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using MassTransit;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Users;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.UserService.Tests;

[CollectionDefinition(Name)]
public sealed class UserServiceCollection : ICollectionFixture<UserServiceApplication>
{
    public const string Name = "UserService";
}

/// <summary>The service on a real port, its database migrated by its own command, AuthService replaced by <see cref="AccountsStandIn"/>.</summary>
public sealed class UserServiceApplication(PlatformServers servers) : IAsyncLifetime
{
    public static readonly string[] AllPermissions = [.. Permissions.Catalogue.Keys];

    /// <summary>What the service derives the key of stored secrets from.</summary>
    public const string SecretKey = "0123456789abcdef0123456789abcdef-of-tests";

    private Factory? factory;
    private TestIssuer? issuer;

    public AccountsStandIn Accounts { get; private set; } = null!;

    public string Database { get; private set; } = string.Empty;

    public async ValueTask InitializeAsync()
    {
        Accounts = await AccountsStandIn.StartAsync();
        issuer = await TestIssuer.StartAsync();
        Database = await servers.CreateDatabaseAsync("users");
        Assert.Equal(0, await MigrateAsync());
        factory = Start([]);
    }

    public async ValueTask DisposeAsync()
    {
        await factory!.DisposeAsync();
        await issuer!.DisposeAsync();
        await Accounts.DisposeAsync();
    }

    /// <summary>Runs the service's own migrate step.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> MigrateAsync()
    {
        string[] arguments =
        [
            "migrate", $"--ConnectionStrings:usersdb={Database}", $"--ConnectionStrings:redis={servers.Redis}",
            $"--ConnectionStrings:rabbitmq={servers.RabbitMq}",
        ];
        return Task.Run(() => (int)typeof(Program).Assembly.EntryPoint!.Invoke(null, [arguments])!);
    }

    /// <summary>Starts another replica, with other settings; it is the caller's to stop.</summary>
    public WebApplicationFactory<Program> StartReplica(Dictionary<string, string?> settings) => Start(settings);

    public HttpClient Anonymous() => factory!.CreateClient();

    /// <summary>Somebody whose token carries these permissions.</summary>
    public HttpClient ClientWith(params string[] permissions) => ClientFor(Guid.CreateVersion7(), "caller", permissions);

    public HttpClient Admin() => ClientWith(AllPermissions);

    public HttpClient ClientFor(Guid id, string username, params string[] permissions) => ClientFor(id, username, _ => { }, permissions);

    /// <summary>Somebody with these roles, teams and limits.</summary>
    public HttpClient ClientFor(string username, Caller caller) => ClientWithToken(issuer!.CreateToken(username, caller));

    /// <summary>Somebody whose token says more than permissions.</summary>
    public HttpClient ClientFor(Guid id, string username, Action<List<Claim>> more, params string[] permissions)
    {
        var token = issuer!.Describe(id, username, permissions);
        List<Claim> claims = [];
        more(claims);
        token.Subject.AddClaims(claims);
        return ClientWithToken(TestIssuer.CreateToken(token));
    }

    /// <summary>A user with a profile, made as an admin makes one.</summary>
    public async Task<Guid> CreateUserAsync(string? username = null, params string[] roles)
    {
        using var client = Admin();
        var response = await client.PostAsJsonAsync(
            "/api/users", new { username = username ?? NewName(), password = "correct horse battery", roles = roles.Length == 0 ? ["user"] : roles });
        Assert.Equal(System.Net.HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    /// <summary>A role that holds these.</summary>
    public async Task<string> CreateRoleAsync(params string[] permissions)
    {
        using var client = Admin();
        var name = NewSlug();
        Assert.Equal(System.Net.HttpStatusCode.Created, (await client.PostAsJsonAsync("/api/permissions/roles", new { name, permissions })).StatusCode);
        return name;
    }

    /// <summary>A team without members.</summary>
    public async Task<string> CreateTeamAsync(string[] roles, params string[] owns)
    {
        using var client = Admin();
        var name = NewSlug();
        Assert.Equal(System.Net.HttpStatusCode.Created, (await client.PostAsJsonAsync("/api/permissions/teams", new { name, roles, owns })).StatusCode);
        return name;
    }

    public Task<EventProbe<T>> ListenAsync<T>()
        where T : class => EventProbe<T>.StartAsync(servers.RabbitMq);

    /// <summary>Publishes as AuthService does.</summary>
    public Task PublishAsync<T>(T fact)
        where T : class, IFact =>
        factory!.Services.GetRequiredService<IBus>().Publish(fact, context => context.MessageId = fact.EventId);

    internal T Service<T>()
        where T : notnull => factory!.Services.GetRequiredService<T>();

    internal async Task<T> InDatabaseAsync<T>(Func<UsersDbContext, Task<T>> work)
    {
        await using var scope = factory!.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<UsersDbContext>());
    }

    public static string NewName() => $"user-{Guid.CreateVersion7():N}";

    private HttpClient ClientWithToken(string token)
    {
        var client = factory!.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    private Factory Start(Dictionary<string, string?> settings)
    {
        var replica = new Factory(new Dictionary<string, string?>(issuer!.Settings, StringComparer.Ordinal)
        {
            ["ConnectionStrings:usersdb"] = Database,
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["Authentication:ClientSecret"] = AccountsStandIn.ClientSecret,
            ["services:authservice:http:0"] = Accounts.Address,
            ["JWT_SECRET_KEY"] = SecretKey,
            ["OUTBOUND_ALLOW"] = "127.0.0.1:*",
        }, servers);
        foreach (var (key, value) in settings)
        {
            replica.Settings[key] = value;
        }

        replica.UseKestrel(0);
        replica.StartServer();
        return replica;
    }

    /// <summary>For a role or a team.</summary>
    public static string NewSlug() => $"a-{Guid.CreateVersion7():N}";

    private sealed class Factory(Dictionary<string, string?> settings, PlatformServers servers) : WebApplicationFactory<Program>
    {
        public Dictionary<string, string?> Settings => settings;

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
