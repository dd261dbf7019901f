using System.Diagnostics;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.Bench.ToolsCall;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.Bench;

/// <summary>
/// How fast events become rows: AnalyticsService's own statement, each event once however often it comes, beside bare binary COPY, which is as fast as PostgreSQL takes rows and
/// stores repetitions twice. The same events into tables of the same shape and indexes, in turns.
/// </summary>
internal static class SinkBenchmark
{
    private const int Rounds = 7, Rows = 60_000;
    private static readonly EventTable<RequestCompleted> Table = StoreRequests.Table;
    private static readonly string Columns = string.Join(", ", Table.Columns.Select(column => column.Name));

    public static async Task RunAsync()
    {
        await using var servers = new PlatformServers();
        await servers.InitializeAsync();
        var database = await servers.CreateDatabaseAsync("sink");
        await using (var migration = MeasuredProcess.StartProject("AnalyticsService", ["migrate", $"--ConnectionStrings:analyticsdb={database}"], []))
        {
            await migration.EndedAsync();
        }

        await using var source = NpgsqlDataSource.Create(database);
        await new Partitions(source, NullLogger<Partitions>.Instance).EnsureAsync(Table, [DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime)], CancellationToken.None);
        Variant[] variants =
        [
            new("binary COPY, 1,000 rows", 1_000, CopyAsync), new("AnalyticsService, 1,000 events", 1_000, InsertAsync), new("AnalyticsService, 500 events, as they travel", 500, InsertAsync),
            new("AnalyticsService, the same 1,000 events again", 1_000, InsertTwiceAsync),
        ];
        for (var round = -1; round < Rounds; round++)
        {
            Random.Shared.Shuffle(variants);
            foreach (var variant in variants)
            {
                await ExecuteAsync(source, $"TRUNCATE {Table.QualifiedName}");
                var batches = Enumerable.Range(0, Rows).Select(Event).Chunk(variant.Batch).ToList();
                var started = Stopwatch.GetTimestamp();
                foreach (var batch in batches)
                {
                    await variant.WriteAsync(source, batch);
                }

                var elapsed = Stopwatch.GetElapsedTime(started);
                await CheckAsync(source);
                if (round >= 0)
                {
                    variant.PerSecond.Add(Rows / elapsed.TotalSeconds);
                }
            }
        }

        Console.Out.WriteLine($"{Rounds} rounds of {Rows:N0} rows; medians; ratios are those of a round");
        Console.Out.WriteLine();
        Console.Out.WriteLine("| statement | rows/s | x COPY |");
        Console.Out.WriteLine("| --- | --- | --- |");
        var copy = variants.Single(variant => variant.Name.Contains("COPY", StringComparison.Ordinal));
        foreach (var variant in variants.OrderBy(variant => variant != copy).ThenBy(variant => variant.Name, StringComparer.Ordinal))
        {
            Console.Out.WriteLine($"| {variant.Name} | {Median(variant.PerSecond):N0} | {Median([.. variant.PerSecond.Zip(copy.PerSecond, (mine, other) => mine / other)]):0.00} |");
        }
    }

    private static async Task CopyAsync(NpgsqlDataSource source, RequestCompleted[] batch)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync($"COPY {Table.QualifiedName} ({Columns}) FROM STDIN (FORMAT BINARY)");
        foreach (var one in batch)
        {
            await copy.StartRowAsync();
            await copy.WriteAsync(one.EventId, NpgsqlDbType.Uuid);
            await copy.WriteAsync(one.OccurredAt, NpgsqlDbType.TimestampTz);
            await copy.WriteAsync(one.Method, NpgsqlDbType.Varchar);
            await copy.WriteAsync(one.Route, NpgsqlDbType.Varchar);
            await copy.WriteAsync(one.Service, NpgsqlDbType.Varchar);
            await copy.WriteAsync(one.Path, NpgsqlDbType.Varchar);
            await copy.WriteAsync(one.Status, NpgsqlDbType.Integer);
            await copy.WriteAsync(one.DurationMs, NpgsqlDbType.Double);
            await copy.WriteAsync(one.RequestBytes!.Value, NpgsqlDbType.Bigint);
            await copy.WriteAsync(one.ResponseBytes!.Value, NpgsqlDbType.Bigint);
            await copy.WriteAsync(one.ClientIp, NpgsqlDbType.Varchar);
            await copy.WriteAsync(one.UserAgent, NpgsqlDbType.Varchar);
            await copy.WriteAsync(one.UserId!.Value, NpgsqlDbType.Uuid);
            await copy.WriteAsync(one.Username, NpgsqlDbType.Varchar);
            await copy.WriteNullAsync();
            await copy.WriteAsync(one.TraceId, NpgsqlDbType.Varchar);
        }

        await copy.CompleteAsync();
    }

    private static Task<int> InsertAsync(NpgsqlDataSource source, RequestCompleted[] batch) => EventWriter.WriteAsync(source, Table, batch, CancellationToken.None);

    private static async Task InsertTwiceAsync(NpgsqlDataSource source, RequestCompleted[] batch)
    {
        await InsertAsync(source, batch);
        await InsertAsync(source, batch);
    }

    private static RequestCompleted Event(int number) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = TimeProvider.System.GetUtcNow(), Method = "POST", Route = "mcp", Service = "mcpservice", Path = "/mcp/everything", Status = number % 50 == 0 ? 500 : 200, DurationMs = number % 1000 / 3.0,
        RequestBytes = 200, ResponseBytes = number, ClientIp = "203.0.113.9", UserAgent = "bench/1.0 (a client like others)", UserId = Guid.CreateVersion7(), Username = "bench", TraceId = Guid.CreateVersion7().ToString("N"),
    };

    private static async Task CheckAsync(NpgsqlDataSource source)
    {
        await using var count = source.CreateCommand($"SELECT count(*) FROM {Table.QualifiedName}");
        if ((long)(await count.ExecuteScalarAsync())! != Rows)
        {
            throw new InvalidOperationException("Not each event is stored once.");
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed record Variant(string Name, int Batch, Func<NpgsqlDataSource, RequestCompleted[], Task> WriteAsync)
    {
        public List<double> PerSecond { get; } = [];
    }
}
