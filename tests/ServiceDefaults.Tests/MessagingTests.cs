using System.Diagnostics;
using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class MessagingTests(PlatformServers servers)
{
    [Fact]
    public async Task A_fact_is_published_after_the_commit_in_the_trace_of_its_cause()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var fact = LoggedIn();
        using var source = new ActivitySource("McpPlatform.Test");
        using var request = source.StartActivity("request");
        Assert.NotNull(request);

        await service.InDatabaseAsync(async db =>
        {
            db.Notes.Add(new Note { Text = "changed" });
            db.AddToOutbox(fact);
            return await db.SaveChangesAsync();
        });

        var applied = await AppliedAsync(service, 1);
        Assert.Equal((fact.EventId, request.TraceId), applied.Single());
        await EventuallyAsync(async () => Assert.Equal(0, await service.InDatabaseAsync(db => db.Set<OutboxMessage>().CountAsync())));
    }

    [Fact]
    public async Task A_fact_of_a_transaction_that_failed_is_never_published()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var lost = LoggedIn();
        var kept = LoggedIn();

        await service.InDatabaseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddToOutbox(lost);
            await db.SaveChangesAsync();
            await transaction.RollbackAsync();
            return true;
        });
        await SaveAsync(service, kept);

        var applied = await AppliedAsync(service, 1);
        Assert.Equal(kept.EventId, applied.Single().EventId);
    }

    [Fact]
    public async Task A_fact_that_comes_three_times_is_applied_once()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var repeated = LoggedIn();
        var last = LoggedIn();
        var bus = service.Services.GetRequiredService<IBus>();

        await bus.Publish(repeated);
        await bus.Publish(repeated);
        await bus.Publish(repeated);
        await AppliedAsync(service, 1);
        await bus.Publish(last);

        var applied = await AppliedAsync(service, 2);
        Assert.Equal([repeated.EventId, last.EventId], applied.Select(one => one.EventId));
    }

    [Fact]
    public async Task Facts_keep_their_order_however_many_there_are()
    {
        await using var service = await ExampleService.StartAsync(servers);
        await using var probe = await EventProbe<UserLoggedIn>.StartAsync(servers.RabbitMq);
        var session = Guid.CreateVersion7().ToString();
        var facts = Enumerable.Range(0, 450).Select(_ => LoggedIn(session)).ToList();

        foreach (var chunk in facts.Chunk(50))
        {
            await SaveAsync(service, chunk);
        }

        await probe.WaitForAsync(fact => fact.EventId == facts[^1].EventId, TimeSpan.FromSeconds(20));
        await AppliedAsync(service, facts.Count);
        Assert.Equal(facts.Select(fact => fact.EventId), probe.All(fact => fact.SessionId == session).Select(fact => fact.EventId));
        Assert.Equal(0, await service.InDatabaseAsync(db => db.Set<OutboxMessage>().CountAsync()));
    }

    [Fact]
    public async Task Activities_that_wait_in_a_row_leave_in_one_message_and_other_facts_keep_their_place()
    {
        await using var service = await ExampleService.StartAsync(servers, relay: false);
        await using var together = await EventProbe<ActivitiesRecorded>.StartAsync(servers.RabbitMq);
        await using var each = await EventProbe<ActivityRecorded>.StartAsync(servers.RabbitMq);
        var mark = Guid.CreateVersion7().ToString();
        var many = Enumerable.Range(0, 20).Select(_ => Activity(mark)).ToList();
        var alone = Activity(mark);
        await SaveAsync(service, [.. many, LoggedIn(), alone]);

        var relay = ActivatorUtilities.CreateInstance<OutboxRelay>(service.Services);
        await relay.StartAsync(CancellationToken.None);

        await each.WaitForAsync(published => published.EventId == alone.EventId);
        var message = await together.WaitForAsync(published => published.Activities[0].Target == mark);
        Assert.Equal(many.Select(one => one.EventId), message.Activities.Select(one => one.EventId));
        Assert.Equal(many.Append(alone).Select(one => one.EventId), each.All(one => one.Target == mark).Select(one => one.EventId));
        Assert.Single(await AppliedAsync(service, 1));
        await relay.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Facts_that_are_written_without_a_context_are_published_in_their_order_with_what_caused_them()
    {
        await using var service = await ExampleService.StartAsync(servers);
        await using var probe = await EventProbe<UserLoggedIn>.StartAsync(servers.RabbitMq);
        var outbox = service.Services.GetRequiredService<OutboxWriter>();
        var session = Guid.CreateVersion7().ToString();
        var facts = Enumerable.Range(0, 300).Select(_ => LoggedIn(session)).ToList();
        using var cause = new System.Diagnostics.Activity("cause").Start();

        await outbox.AddAsync(facts.Select((fact, index) => ((IFact)fact, index % 2 == 0 ? cause : null)), CancellationToken.None);

        await probe.WaitForAsync(fact => fact.EventId == facts[^1].EventId, TimeSpan.FromSeconds(20));
        Assert.Equal(facts.Select(fact => fact.EventId), probe.All(fact => fact.SessionId == session).Select(fact => fact.EventId));

        // All or none.
        var fresh = LoggedIn(session);
        await Assert.ThrowsAsync<Npgsql.PostgresException>(async () =>
        {
            await service.Services.GetRequiredService<OutboxWriter>().AddAsync([(fresh, null), (fresh, null)], CancellationToken.None);
        });
        await Task.Delay(200);
        Assert.Empty(probe.All(fact => fact.EventId == fresh.EventId));
    }

    [Fact]
    public async Task What_a_stopped_process_left_behind_is_published_by_the_next()
    {
        // The relay does not run: as after a crash between the commit and the broker.
        await using var service = await ExampleService.StartAsync(servers, relay: false);
        await using var probe = await EventProbe<UserLoggedIn>.StartAsync(servers.RabbitMq);
        var fact = LoggedIn();
        await SaveAsync(service, fact);
        Assert.Equal(1, await service.InDatabaseAsync(db => db.Set<OutboxMessage>().CountAsync()));

        var relay = ActivatorUtilities.CreateInstance<OutboxRelay>(service.Services);
        await relay.StartAsync(CancellationToken.None);

        await probe.WaitForAsync(published => published.EventId == fact.EventId);
        await relay.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Telemetry_travels_many_events_in_one_message_and_none_is_lost_at_a_stop()
    {
        var service = await ExampleService.StartAsync(servers);
        await using var probe = await EventProbe<SystemMetricsSampledBatch>.StartAsync(servers.RabbitMq);
        var instance = Guid.CreateVersion7().ToString();
        var events = service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>();

        for (var i = 0; i < 1200; i++)
        {
            events.Record(Sample(instance));
        }

        await service.DisposeAsync();

        await EventuallyAsync(() =>
        {
            var batches = probe.All(batch => batch.Events.Any(one => one.Instance == instance));
            Assert.Equal(1200, batches.Sum(batch => batch.Events.Count));
            Assert.InRange(batches.Count, 3, 10);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Recording_telemetry_never_waits_and_drops_the_oldest_when_the_broker_is_away()
    {
        var settings = new Dictionary<string, string?> { ["ConnectionStrings:rabbitmq"] = "amqp://guest:guest@127.0.0.1:9" };
        await using var service = await ExampleService.StartAsync(servers, settings);
        var events = service.Services.GetRequiredService<TelemetryEvents<SystemMetricsSampled>>();

        for (var i = 0; i < TelemetryEvents<SystemMetricsSampled>.Capacity * 2; i++)
        {
            events.Record(Sample("i"));
        }

        Assert.InRange(events.Reader.Count, 1, TelemetryEvents<SystemMetricsSampled>.Capacity);
        using var health = await service.Client().GetAsync("/health");
        Assert.Equal(System.Net.HttpStatusCode.OK, health.StatusCode);
    }

    private static ActivityRecorded Activity(string target) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, Service = "example", Action = "example.tried", Outcome = ActivityOutcomes.Succeeded, Target = target,
    };

    private static UserLoggedIn LoggedIn(string? session = null) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = Guid.CreateVersion7(), SessionId = session ?? "s",
    };

    private static SystemMetricsSampled Sample(string instance) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, Service = "test", Instance = instance,
        CpuPercent = 1, WorkingSetBytes = 1, HeapBytes = 1, GcPausePercent = 0, ThreadCount = 1, QueueLength = 0,
    };

    private static Task<int> SaveAsync(ExampleService service, params IFact[] facts) => service.InDatabaseAsync(db =>
    {
        foreach (var fact in facts)
        {
            db.AddToOutbox(fact);
        }

        return db.SaveChangesAsync();
    });

    private static async Task<Applied> AppliedAsync(ExampleService service, int count)
    {
        var applied = service.Services.GetRequiredService<Applied>();
        await EventuallyAsync(() =>
        {
            Assert.Equal(count, applied.Count);
            return Task.CompletedTask;
        });
        return applied;
    }

    private static async Task EventuallyAsync(Func<Task> check)
    {
        for (var until = DateTime.UtcNow.AddSeconds(15); ;)
        {
            try
            {
                await check();
                return;
            }
            catch (Xunit.Sdk.XunitException) when (DateTime.UtcNow < until)
            {
                await Task.Delay(25);
            }
        }
    }
}
