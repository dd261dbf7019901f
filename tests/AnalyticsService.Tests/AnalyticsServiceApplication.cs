using System.Diagnostics;
using MassTransit;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace McpPlatform.AnalyticsService.Tests;

[CollectionDefinition(Name)]
public sealed class AnalyticsServiceCollection : ICollectionFixture<AnalyticsServiceApplication>
{
    public const string Name = "AnalyticsService";
}

/// <summary>The service on a real port, its database migrated by its own command, and a publisher beside it that lives on when the service stops.</summary>
public sealed class AnalyticsServiceApplication(PlatformServers servers) : IAsyncLifetime
{
    private Factory? factory;
    private TestIssuer? issuer;
    private IBusControl? publisher;
    private NpgsqlDataSource? database;
    private Dictionary<string, string?> settings = [];

    public NpgsqlDataSource Database => database!;

    public async ValueTask InitializeAsync()
    {
        issuer = await TestIssuer.StartAsync();
        var connection = await servers.CreateDatabaseAsync("analytics");
        database = NpgsqlDataSource.Create(connection);
        settings = new(issuer.Settings, StringComparer.Ordinal)
        {
            ["ConnectionStrings:analyticsdb"] = connection,
            ["ConnectionStrings:redis"] = servers.Redis,
            ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["JWT_SECRET_KEY"] = "a secret of the tests, of no worth to anybody else",
        };
        Assert.Equal(0, await MigrateAsync());
        publisher = CreatePublisher(new Uri(servers.RabbitMq));
        await publisher.StartAsync();
        Start();
    }

    public async ValueTask DisposeAsync()
    {
        await publisher!.StopAsync();
        await StopAsync();
        await issuer!.DisposeAsync();
        await Database.DisposeAsync();
    }

    public void Start()
    {
        factory = new Factory(settings);
        factory.UseKestrel(0);
        factory.StartServer();
    }

    /// <summary>Another replica on the same database, broker and Redis, and a client of it who may read.</summary>
    public (IAsyncDisposable Replica, HttpClient Client) StartReplica()
    {
        var replica = new Factory(new(settings, StringComparer.Ordinal) { ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={Guid.CreateVersion7()}" });
        replica.UseKestrel(0);
        replica.StartServer();
        var client = replica.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", issuer!.CreateToken(Guid.CreateVersion7(), "caller", [Permissions.AnalyticsRead]));
        return (replica, client);
    }

    /// <summary>Runs a command of the service's console, as a process of its own.</summary>
    public async Task<(int Code, string Output)> CommandAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "admin", .. arguments, .. settings.Select(setting => $"--{setting.Key}={setting.Value}")])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["JWT_SECRET_KEY"] = settings["JWT_SECRET_KEY"];
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    public Task StopAsync() => factory!.DisposeAsync().AsTask();

    public HttpClient Anonymous() => factory!.CreateClient();

    /// <summary>Somebody whose token carries these permissions.</summary>
    public HttpClient ClientWith(params string[] permissions)
    {
        var client = factory!.CreateClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", issuer!.CreateToken(Guid.CreateVersion7(), "caller", permissions));
        return client;
    }

    public Task PublishAsync<T>(T message)
        where T : class => publisher!.Publish(message);

    internal T Service<T>()
        where T : notnull => factory!.Services.GetRequiredService<T>();

    /// <summary>One value out of the database.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Counts what is over and marked, beside the service that may be at it itself.</summary>
    public async Task RollUpAsync()
    {
        do
        {
            await Service<KeepRollups>().RunAsync(CancellationToken.None);
        }
        while (await ScalarAsync<long>("SELECT count(*) FROM analytics.rollup_marks WHERE bucket < now() - interval '1 minute' * (ARRAY[1, 60, 1440])[grain + 1]") > 0);
    }

    /// <summary>How many of these events are stored, waiting until it is as many as expected.</summary>
    public async Task<long> CountAsync(string table, IEnumerable<Guid> eventIds, long expected)
    {
        var (ids, count) = (eventIds.ToArray(), -1L);
        for (var attempt = 0; attempt < 500 && count != expected; attempt++)
        {
            await Task.Delay(attempt == 0 ? 0 : 20);
            count = await ScalarAsync<long>($"SELECT count(*) FROM {AnalyticsDbContext.Schema}.{table} WHERE event_id = ANY($1)", ids);
        }

        return count;
    }

    /// <summary>The days that a table has partitions for.</summary>
    public async Task<DateOnly[]> PartitionsAsync(string table)
    {
        var names = await ScalarAsync<string[]>(
            $"SELECT coalesce(array_agg(inhrelid::regclass::text), '{{}}') FROM pg_inherits WHERE inhparent = '{AnalyticsDbContext.Schema}.{table}'::regclass");
        return [.. names.Select(name => DateOnly.ParseExact(name[^8..], "yyyyMMdd")).Order()];
    }

    /// <summary>Runs the service's own migrate step.</summary>
    private Task<int> MigrateAsync()
    {
        string[] arguments = ["migrate", .. settings.Select(setting => $"--{setting.Key}={setting.Value}")];
        return Task.Run(() => (int)typeof(Program).Assembly.EntryPoint!.Invoke(null, [arguments])!);
    }

    private static IBusControl CreatePublisher(Uri address) => Bus.Factory.CreateUsingRabbitMq(rabbit =>
    {
        var user = address.UserInfo.Split(':', 2);
        rabbit.Host(address.Host, (ushort)address.Port, "/", host =>
        {
            host.Username(Uri.UnescapeDataString(user[0]));
            host.Password(Uri.UnescapeDataString(user[1]));
        });
    });

    private sealed class Factory(Dictionary<string, string?> settings) : WebApplicationFactory<Program>
    {
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
