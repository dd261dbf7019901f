using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.Contracts.Messages;
using Microsoft.Extensions.Logging;

namespace McpPlatform.AnalyticsService.Tests;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class RetentionTests(AnalyticsServiceApplication app)
{
    private static DateOnly Today => DateOnly.FromDateTime(DateTime.UtcNow);

    [Fact]
    public async Task Only_partitions_beyond_the_retention_are_dropped()
    {
        DateOnly[] days = [Today.AddDays(-400), Today.AddDays(-31), Today.AddDays(-30), Today.AddDays(-29)];
        await app.Service<Partitions>().EnsureAsync(StoreRequests.Table, days, CancellationToken.None);
        Assert.Superset(days.ToHashSet(), (await app.PartitionsAsync("request_logs")).ToHashSet());
        var kept = Sample.Request(DateTimeOffset.UtcNow.AddDays(-30));
        await app.PublishAsync(new RequestCompletedBatch([kept]));
        Assert.Equal(1, await app.CountAsync("request_logs", [kept.EventId], 1));

        await app.Service<KeepPartitions>().RunAsync(CancellationToken.None);

        var left = await app.PartitionsAsync("request_logs");
        Assert.Equal([Today.AddDays(-30), Today.AddDays(-29)], left.Where(day => day <= Today.AddDays(-29)));
        Assert.Equal(1, await app.CountAsync("request_logs", [kept.EventId], 1));
    }

    [Fact]
    public async Task Events_that_were_put_aside_are_forgotten_after_their_days()
    {
        var (old, young) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await app.ExecuteAsync(
            $"""
            INSERT INTO analytics.rejected_events (event_id, occurred_at, rejected_at, table_name, reason, event)
            VALUES ('{old}', now(), now() - interval '31 days', 'request_logs', 'r', 'e'), ('{young}', now(), now() - interval '29 days', 'request_logs', 'r', 'e')
            """);

        await app.Service<KeepPartitions>().RunAsync(CancellationToken.None);

        Assert.Equal(1, await app.CountAsync("rejected_events", [old, young], 1));
        Assert.Equal(0, await app.CountAsync("rejected_events", [old], 0));
    }

    [Fact]
    public async Task The_coming_week_is_prepared()
    {
        await app.Service<KeepPartitions>().RunAsync(CancellationToken.None);

        var expected = Enumerable.Range(-1, 9).Select(Today.AddDays).ToHashSet();
        foreach (var table in (string[])["request_logs", "user_activities", "page_views", "system_metrics", "mcp_server_status"])
        {
            Assert.Superset(expected, (await app.PartitionsAsync(table)).ToHashSet());
        }
    }

    [Fact]
    public async Task Replicas_that_make_the_same_partitions_at_once_do_not_disturb_each_other()
    {
        var days = Enumerable.Range(12, 4).Select(number => Today.AddDays(-number)).ToList();
        var logger = app.Service<ILogger<Partitions>>();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => new Partitions(app.Database, logger).EnsureAsync(StoreRequests.Table, days, CancellationToken.None)));

        Assert.Superset(days.ToHashSet(), (await app.PartitionsAsync("request_logs")).ToHashSet());
    }

    [Fact]
    public async Task A_partition_that_somebody_dropped_is_made_again()
    {
        var day = Today.AddDays(-21);
        await app.Service<Partitions>().EnsureAsync(StoreRequests.Table, [day], CancellationToken.None);
        await using (var drop = app.Database.CreateCommand($"DROP TABLE analytics.request_logs_p{day:yyyyMMdd}"))
        {
            await drop.ExecuteNonQueryAsync();
        }

        var late = Sample.Request(DateTimeOffset.UtcNow.AddDays(-21));
        await app.PublishAsync(new RequestCompletedBatch([late]));

        Assert.Equal(1, await app.CountAsync("request_logs", [late.EventId], 1));
    }

    [Fact]
    public void A_wrong_retention_stops_the_service_with_a_sentence()
    {
        var result = new RetentionOptionsValidator().Validate(null, new RetentionOptions { RequestLogDays = 0, ActivityDays = 4000 });

        Assert.Equal(
            ["Retention__RequestLogDays is 0, but must be a number of days from 1 to 3650.", "Retention__ActivityDays is 4000, but must be a number of days from 1 to 3650."],
            result.Failures);
    }
}
