using System.Diagnostics;
using MassTransit;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Health;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Telemetry;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.ServiceDefaults.Tests;

/// <summary>A service as small as one can be that uses everything of ServiceDefaults: on a real port, with real servers.</summary>
internal sealed class ExampleService : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly TestIssuer issuer;
    private readonly PlatformServers servers;

    private ExampleService(WebApplication app, TestIssuer issuer, PlatformServers servers)
    {
        this.app = app;
        this.issuer = issuer;
        this.servers = servers;
    }

    public IServiceProvider Services => app.Services;

    public TestIssuer Issuer => issuer;

    /// <summary>Starts it with <see cref="TestIssuer.Policy"/>, or without a policy, or as another replica on a database that is there.</summary>
    public static async Task<ExampleService> StartAsync(
        PlatformServers servers, Dictionary<string, string?>? settings = null, bool relay = true, bool policy = true, string? database = null)
    {
        var issuer = await TestIssuer.StartAsync();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "ServiceDefaults.Tests", EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(issuer.Settings);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:exampledb"] = database ?? await servers.CreateDatabaseAsync("example"),
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.AddServiceDefaults();
        builder.AddNpgsqlDbContext<ExampleDbContext>("exampledb", "example");
        builder.AddRedisClient("redis");
        builder.AddPlatformAuthentication();
        builder.AddPlatformMessaging<ExampleDbContext>(bus =>
        {
            bus.AddConsumer<CountLogins>();
            bus.AddAccessPolicyCopy();
        });
        builder.AddAccessPolicy<ExampleDbContext>();
        builder.Services.AddSingleton<Applied>();
        if (!relay)
        {
            builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(OutboxRelay)));
        }

        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.UsePlatformHttp();
        app.MapPlatformHealth();
        app.MapPlatformMetrics().AllowAnonymous();
        app.UseForwardedHeaders();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/mine", (CurrentUser user) => TypedResults.Ok(new { user.Id, user.Username }));
        app.MapGet("/tools", () => "ok").RequirePermission(Permissions.McpToolsCall);
        app.MapGet("/servers/{name}", (string name, AccessDecider access) =>
            access.Decide(Permissions.McpServersRead, AccessResource.Server(name)).Allowed ? Results.Ok() : Results.NotFound());
        app.MapPost("/echo", (EchoRequest request) => TypedResults.Ok(request)).AllowAnonymous();
        app.MapGet("/address", (HttpContext context) => context.Connection.RemoteIpAddress!.MapToIPv4().ToString()).AllowAnonymous();
        app.MapGet("/broken", string () => throw new InvalidOperationException("a secret detail")).AllowAnonymous();
        var service = new ExampleService(app, issuer, servers);
        if (database is null)
        {
            await service.InDatabaseAsync(db => db.Database.ExecuteSqlRawAsync(db.Database.GenerateCreateScript()));
        }

        if (policy)
        {
            await service.InDatabaseAsync(db => db.SaveAccessPolicyAsync(TestIssuer.Policy, CancellationToken.None));
        }

        await app.StartAsync();
        return service;
    }

    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }

        return client;
    }

    public async Task<T> InDatabaseAsync<T>(Func<ExampleDbContext, Task<T>> work)
    {
        await using var scope = app.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<ExampleDbContext>());
    }

    public async ValueTask DisposeAsync()
    {
        await app.Services.BusHasStartedAsync(servers);
        await app.StopAsync();
        await app.DisposeAsync();
        await issuer.DisposeAsync();
    }
}

public sealed record EchoRequest
{
    public required string Text { get; init; }

    public int Count { get; init; } = 1;
}

internal sealed class Note
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required string Text { get; init; }
}

internal sealed class ExampleDbContext(DbContextOptions<ExampleDbContext> options) : DbContext(options)
{
    public DbSet<Note> Notes => Set<Note>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("example");
        modelBuilder.Entity<Note>();
        modelBuilder.AddOutboxAndInbox();
        modelBuilder.AddAccessPolicy();
    }
}

/// <summary>What the consumer did, in order.</summary>
internal sealed class Applied : System.Collections.Concurrent.ConcurrentQueue<(Guid EventId, ActivityTraceId Trace)>;

internal sealed class CountLogins(ExampleDbContext db, Applied applied) : IConsumer<UserLoggedIn>
{
    public async Task Consume(ConsumeContext<UserLoggedIn> context) =>
        await db.ApplyOnceAsync(context.Message, nameof(CountLogins), _ =>
        {
            applied.Enqueue((context.Message.EventId, Activity.Current?.TraceId ?? default));
            return Task.CompletedTask;
        }, context.CancellationToken);
}
