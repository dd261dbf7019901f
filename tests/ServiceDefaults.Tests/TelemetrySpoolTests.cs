using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.ServiceDefaults.Tests;

/// <summary>What becomes of telemetry while the broker cannot be reached.</summary>
public sealed class TelemetrySpoolTests(PlatformServers servers) : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("telemetry").FullName;
    private readonly string instance = Guid.CreateVersion7().ToString();
    private Relay network = null!;
    private EventProbe<SystemMetricsSampledBatch> probe = null!;

    public async ValueTask InitializeAsync()
    {
        var broker = new Uri(servers.RabbitMq);
        network = new Relay(broker.Host, broker.Port);
        probe = await EventProbe<SystemMetricsSampledBatch>.StartAsync(servers.RabbitMq);
    }

    public async ValueTask DisposeAsync()
    {
        await probe.DisposeAsync();
        await network.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_outage_of_the_broker_loses_nothing_however_much_more_than_memory_holds()
    {
        await using var service = await StartAsync();
        var events = service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>();
        List<Guid> recorded = [];
        await RecordAsync(events, 100, recorded);
        await ArriveAsync(recorded);

        network.Cut();
        await RecordAsync(events, TelemetryEvents<SystemMetricsSampled>.Capacity * 2, recorded);
        Assert.NotEmpty(Spooled());
        Assert.All(Spooled(), path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? UnixFileMode.UserRead | UnixFileMode.UserWrite : File.GetUnixFileMode(path)));
        network.Restore();

        await ArriveAsync(recorded);
        await EventuallyAsync(() => Spooled().Length == 0);
    }

    [Fact]
    public async Task What_a_process_could_not_send_before_it_stopped_is_sent_by_the_next()
    {
        List<Guid> recorded = [];
        await using (var service = await StartAsync())
        {
            var events = service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>();
            await RecordAsync(events, 1, recorded);
            await ArriveAsync(recorded);
            network.Cut();
            await RecordAsync(events, 700, recorded);
        }

        Assert.NotEmpty(Spooled());
        Assert.Single(Heard());
        network.Restore();
        await using var next = await StartAsync();
        await ArriveAsync(recorded);
        await EventuallyAsync(() => Spooled().Length == 0);
    }

    [Fact]
    public async Task Where_there_is_no_more_room_memory_holds_the_youngest()
    {
        await using var service = await StartAsync(("Telemetry:SpoolLimitMb", "1"));
        var events = service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>();
        List<Guid> recorded = [];
        await RecordAsync(events, 1, recorded);
        await ArriveAsync(recorded);
        network.Cut();
        await RecordAsync(events, 30_000, recorded);
        Assert.InRange(Spooled().Sum(path => new FileInfo(path).Length), 1, 1024 * 1024);
        network.Restore();

        // The service's own samples are among those that memory holds.
        const int youngest = TelemetryEvents<SystemMetricsSampled>.Capacity - 100;
        await ArriveAsync(recorded.TakeLast(youngest));
        await EventuallyAsync(() => Spooled().Length == 0);
        Assert.InRange(Heard().Count, youngest, recorded.Count - 1);
    }

    [Fact]
    public async Task A_file_that_nobody_can_read_stops_nothing()
    {
        List<Guid> recorded = [];
        await using (var service = await StartAsync())
        {
            network.Cut();
            await RecordAsync(service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>(), 10, recorded);
            await EventuallyAsync(() => Spooled().Length > 0);
        }

        var broken = Path.Combine(Path.GetDirectoryName(Spooled()[0])!, Guid.Empty + ".json");
        await File.WriteAllTextAsync(broken, "{\"Events\":[{\"Inst");
        network.Restore();
        await using var next = await StartAsync();
        await ArriveAsync(recorded);
        await EventuallyAsync(() => Spooled().Length == 0);
        Assert.True(File.Exists(broken + ".unreadable"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_that_cannot_be_written_stops_nothing(bool away)
    {
        await using var service = await StartAsync();
        var events = service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>();
        List<Guid> recorded = [];
        await RecordAsync(events, 1, recorded);
        await ArriveAsync(recorded);
        if (away)
        {
            network.Cut();
            await RecordAsync(events, 10, recorded);
            await EventuallyAsync(() => Spooled().Length > 0);
        }

        events.Record(new SystemMetricsSampled
        {
            EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, Service = "test", Instance = instance,
            CpuPercent = double.PositiveInfinity, WorkingSetBytes = 1, HeapBytes = 1, GcPausePercent = 0, ThreadCount = 1, QueueLength = 0,
        });
        await Task.Delay(TimeSpan.FromSeconds(1));
        network.Restore();
        await RecordAsync(events, 10, recorded);
        await ArriveAsync(recorded);
        using var health = await service.Client().GetAsync("/alive");
        Assert.Equal(System.Net.HttpStatusCode.OK, health.StatusCode);
    }

    [Theory]
    [InlineData("Telemetry:SpoolLimitMb", "-1", "Telemetry__SpoolLimitMb")]
    [InlineData("Telemetry:SpoolPath", "relative", "Telemetry__SpoolPath")]
    public async Task A_setting_that_cannot_be_stops_the_start(string key, string value, string named)
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync((key, value)));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    private Task<ExampleService> StartAsync(params (string Key, string Value)[] settings)
    {
        var broker = new UriBuilder(servers.RabbitMq) { Host = "127.0.0.1", Port = network.Port };
        return ExampleService.StartAsync(servers, new Dictionary<string, string?>(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)), StringComparer.Ordinal)
        {
            ["ConnectionStrings:rabbitmq"] = broker.Uri.ToString(),
            ["Telemetry:SpoolPath"] = settings.FirstOrDefault(setting => setting.Key == "Telemetry:SpoolPath").Value ?? folder,
        });
    }

    // As fast as a busy service: a queue of 10,000 is not filled between two looks at it.
    private async Task RecordAsync(TelemetryEvents<SystemMetricsSampled> events, int count, List<Guid> recorded)
    {
        for (var number = 1; number <= count; number++)
        {
            var sample = new SystemMetricsSampled
            {
                EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, Service = "test", Instance = instance,
                CpuPercent = 1, WorkingSetBytes = 1, HeapBytes = 1, GcPausePercent = 0, ThreadCount = 1, QueueLength = 0,
            };
            recorded.Add(sample.EventId);
            events.Record(sample);
            if (number % 1000 == 0)
            {
                await Task.Delay(300);
            }
        }
    }

    private Task ArriveAsync(IEnumerable<Guid> recorded) => EventuallyAsync(() => Heard().IsSupersetOf(recorded));

    private HashSet<Guid> Heard() => probe.All(_ => true).SelectMany(batch => batch.Events).Where(one => one.Instance == instance).Select(one => one.EventId).ToHashSet();

    private string[] Spooled() => Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories);

    private static async Task EventuallyAsync(Func<bool> holds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(40); !holds(); await Task.Delay(100))
        {
            Assert.True(DateTime.UtcNow < until, "It did not come to be in 40 seconds.");
        }
    }
}
