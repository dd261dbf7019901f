using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.UserService.Queries;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Sql;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>What is said to a SQL Server, in which order, by the real driver; the server is <see cref="SqlServerStandIn"/>.</summary>
public sealed class SqlServerSessionTests : IAsyncDisposable
{
    private static readonly byte[] Rows = SqlServerStandIn.Result(
        4,
        [
            .. SqlServerStandIn.Column("id", 0x26, 4), .. SqlServerStandIn.Column("name", 0xE7, 40, 0, 9, 4, 0xD0, 0, 0x34),
            .. SqlServerStandIn.Column("price", 0x6A, 5, 9, 2), .. SqlServerStandIn.Column("data", 0xA5, 20, 0),
        ],
        [4, 7, 0, 0, 0, 6, 0, .. Encoding.Unicode.GetBytes("Ané"), 5, 1, 110, 0, 0, 0, 2, 0, 0, 255]);

    private readonly SqlServerStandIn server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_statement_that_reads_stands_between_begin_and_rollback()
    {
        server.Answers["FROM people"] = (Rows, false);

        var answer = await RunAsync("SELECT id, name, price, data FROM people -- all");

        Assert.Equal("""{"columns":[{"name":"id","type":"int"},{"name":"name","type":"nvarchar"},{"name":"price","type":"decimal"},{"name":"data","type":"varbinary"}],"rows":[[7,"Ané","1.10","AP8="]],""", answer[..answer.IndexOf("\"row_count\"", StringComparison.Ordinal)]);
        var heard = await server.HeardAsync(3);
        Assert.StartsWith("SET TEXTSIZE 204; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON;", heard[0], StringComparison.Ordinal);
        Assert.EndsWith("BEGIN TRANSACTION;", heard[0], StringComparison.Ordinal);
        Assert.Equal(("SELECT id, name, price, data FROM people       ;", "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"), (heard[1], heard[2]));
    }

    [Fact]
    public async Task What_was_granted_to_write_is_committed()
    {
        await RunAsync("DELETE FROM people WHERE id = 5", mayWrite: true);

        Assert.Equal(["DELETE FROM people WHERE id = 5;", "COMMIT TRANSACTION"], (await server.HeardAsync(3))[1..]);
    }

    [Theory]
    [InlineData("msdb")]
    [InlineData("MASTER")]
    public async Task A_database_of_the_system_is_not_written_to(string database)
    {
        await Assert.ThrowsAsync<StatementRefusedException>(() => RunAsync("DELETE FROM sysjobs", mayWrite: true, database: database));

        Assert.False(server.Heard.Reader.TryRead(out _));
    }

    [Fact]
    public async Task An_error_has_its_number_and_is_never_committed()
    {
        server.Answers["DELETE"] = (SqlServerStandIn.Error(547, 16, "The DELETE statement conflicted."), false);

        var exception = await Assert.ThrowsAsync<QueryFailedException>(() => RunAsync("DELETE FROM people", mayWrite: true));

        Assert.Equal((QueryFailure.Database, "547", "The DELETE statement conflicted."), (exception.Failure, exception.SqlState, exception.Message));
        Assert.Equal(2, (await server.HeardAsync(2)).Count);
        Assert.False(server.Heard.Reader.TryRead(out _));
    }

    [Fact]
    public async Task When_the_time_is_up_the_server_is_told_to_stop()
    {
        server.Answers["slow"] = (null, false);
        var started = Stopwatch.StartNew();

        var exception = await Assert.ThrowsAsync<QueryFailedException>(() => RunAsync("SELECT slow FROM people", timeout: TimeSpan.FromMilliseconds(300)));

        Assert.Equal(QueryFailure.TimedOut, exception.Failure);
        Assert.InRange(started.ElapsedMilliseconds, 250, 4000);
        Assert.Equal(SqlServerStandIn.Attention, (await server.HeardAsync(3))[2]);
    }

    [Fact]
    public async Task When_the_caller_leaves_the_server_is_told_to_stop()
    {
        server.Answers["slow"] = (null, false);
        using var leaving = new CancellationTokenSource();
        var running = RunAsync("SELECT slow FROM people", cancellationToken: leaving.Token);
        await server.HeardAsync(2);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => running);
        Assert.Equal(SqlServerStandIn.Attention, (await server.HeardAsync(1))[0]);
    }

    [Fact]
    public async Task At_the_limit_of_rows_the_server_is_told_to_stop_and_the_transaction_is_rolled_back()
    {
        server.Answers["endless"] = (Rows[..^13], true);

        var answer = await RunAsync("SELECT endless FROM people", maxRows: 100);

        Assert.Contains("\"row_count\":100,\"truncated\":true", answer, StringComparison.Ordinal);
        Assert.Equal([SqlServerStandIn.Attention, "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"], (await server.HeardAsync(4))[2..]);
    }

    [Fact]
    public async Task Values_go_apart_from_the_text()
    {
        server.Answers["@p1"] = (Rows, false);

        await RunAsync("SELECT id FROM people WHERE name = :who", parameters: """{"who": "x'; DROP TABLE people; --"}""");

        var call = (await server.HeardAsync(2))[1];
        Assert.Contains("WHERE name =  @p1", call, StringComparison.Ordinal);
        Assert.Contains("x'; DROP TABLE people; --", call[call.IndexOf("@p1", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.DoesNotContain("name = 'x'", call, StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(
        string query, bool mayWrite = false, string? parameters = null, int maxRows = 1000, TimeSpan? timeout = null, string database = "shop", CancellationToken cancellationToken = default)
    {
        var options = new OutboundOptions();
        options.Allow.Add("127.0.0.1:*");
        var connector = new ProfileConnector(new OutboundGuard(Options.Create(options), (_, _) => Task.FromResult(new[] { IPAddress.Loopback })), [new SqlServerEngine()]);
        var order = new QueryOrder(
            connector.EngineOf(DatabaseType.Sqlserver).Screen(query, mayWrite), parameters is null ? null : JsonSerializer.Deserialize<JsonElement>(parameters), maxRows, new(100, 1_000_000), timeout ?? TimeSpan.FromSeconds(10));
        using var result = new BufferedResult();
        var target = new ConnectionTarget(DatabaseType.Sqlserver, "localhost", server.Port, database, "reader", "secret", SslMode.Disable);
        var summary = await new QueryRunner(connector).RunAsync(target, order, result, cancellationToken);
        return Encoding.UTF8.GetString(result.Complete(summary).Span);
    }
}
