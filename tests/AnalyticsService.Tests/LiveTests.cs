using System.Net.ServerSentEvents;
using System.Text.Json;
using McpPlatform.AnalyticsService.Live;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Tests;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class LiveTests(AnalyticsServiceApplication app)
{
    [Fact]
    public async Task Listeners_of_every_replica_see_what_all_of_them_store()
    {
        var (replica, second) = app.StartReplica();
        await using var stop = replica;
        using var first = app.ClientWith(Permissions.AnalyticsRead);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        TaskCompletionSource ready = new(), alsoReady = new();
        var here = CollectAsync(first, ready, end.Token);
        var there = CollectAsync(second, alsoReady, end.Token);
        await Task.WhenAll(ready.Task, alsoReady.Task).WaitAsync(end.Token);

        // Many messages: each replica gets some.
        for (var message = 0; message < 20; message++)
        {
            await app.PublishAsync(new RequestCompletedBatch(
            [
                .. Enumerable.Range(1, 18).Select(number => Sample.Request() with { DurationMs = number }), Sample.Request() with { Status = 404, DurationMs = 19 }, Sample.Request() with { Status = 503, DurationMs = 20 },
            ]));
            await app.PublishAsync(Sample.Activity() with { Outcome = message < 15 ? ActivityOutcomes.Succeeded : ActivityOutcomes.Denied });
            await app.PublishAsync(Sample.Activity() with { Action = "auth.login" });
        }

        foreach (var snapshots in (List<JsonElement>[])[await here, await there])
        {
            Assert.Equal((400, 20, 20), (Sum(snapshots, "requests"), Sum(snapshots, "client_errors"), Sum(snapshots, "server_errors")));
            Assert.Equal((20, 5), (Sum(snapshots, "tool_calls"), Sum(snapshots, "failed_tool_calls")));
            var busiest = snapshots.MaxBy(snapshot => snapshot.Number("requests"));
            Assert.InRange(busiest.Number("p50_ms"), 9.5, 11.5);
            Assert.InRange(busiest.Number("p95_ms"), 18.5, 20.5);
            Assert.InRange(busiest.Number("error_rate"), 0.04, 0.06);
        }
    }

    [Fact]
    public async Task A_stream_of_so_many_seconds_ends_by_itself()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        using var response = await client.GetAsync("/api/analytics/live?seconds=2");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(2, (await response.Content.ReadAsStringAsync()).Split("event: snapshot").Length - 1);
    }

    private static double Sum(List<JsonElement> snapshots, string property) => snapshots.Sum(snapshot => snapshot.Number(property));

    // From three quiet seconds on, when all that other tests published has come, until what was published has been seen and a quiet second has passed.
    private static async Task<List<JsonElement>> CollectAsync(HttpClient client, TaskCompletionSource ready, CancellationToken cancellationToken)
    {
        await using var stream = await client.GetStreamAsync("/api/analytics/live", cancellationToken);
        List<JsonElement> snapshots = [];
        var quiet = 0;
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            var snapshot = JsonSerializer.Deserialize<JsonElement>(item.Data);
            if (!ready.Task.IsCompleted)
            {
                quiet = snapshot.Number("requests") + snapshot.Number("tool_calls") == 0 ? quiet + 1 : 0;
                if (quiet == 3)
                {
                    ready.SetResult();
                }

                continue;
            }

            if (Sum(snapshots, "requests") >= 400 && Sum(snapshots, "tool_calls") >= 20 && snapshot.Number("requests") == 0)
            {
                break;
            }

            snapshots.Add(snapshot);
        }

        return snapshots;
    }
}
