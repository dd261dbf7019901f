using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace McpPlatform.McpService.Tests.BuiltIn;

/// <summary>UserService's contract for connections, over a real PostgreSQL.</summary>
internal sealed class ConnectionsStandIn : IAsyncDisposable
{
    public const string Token = "token-of-the-caller";
    public static readonly Guid Shop = Guid.CreateVersion7(), Mine = Guid.CreateVersion7(), Theirs = Guid.CreateVersion7(), Busy = Guid.CreateVersion7(), Down = Guid.CreateVersion7();

    private readonly WebApplication app;
    private readonly NpgsqlDataSource database;

    private ConnectionsStandIn(WebApplication app, NpgsqlDataSource database) => (this.app, this.database) = (app, database);

    public ConcurrentQueue<string> Tokens { get; } = new();

    public Dictionary<string, string?> Settings => new(StringComparer.Ordinal)
    {
        ["DatabaseTools:Enabled"] = "true", ["services:userservice:http:0"] = app.Urls.First(),
    };

    public static async Task<ConnectionsStandIn> StartAsync(string connectionString)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var standIn = new ConnectionsStandIn(builder.Build(), NpgsqlDataSource.Create(connectionString));
        standIn.app.Urls.Add("http://127.0.0.1:0");
        standIn.app.Use(standIn.CheckAsync);
        standIn.Map();
        await standIn.app.StartAsync();
        await using var command = standIn.database.CreateCommand("CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'a|b'), (2, NULL)");
        await command.ExecuteNonQueryAsync();
        return standIn;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await database.DisposeAsync();
    }

    private Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        Tokens.Enqueue(context.Request.Headers.Authorization.ToString());
        context.Response.StatusCode = context.Request.Headers.Authorization == $"Bearer {Token}" ? 200 : context.Request.Headers.Authorization == "Bearer poor" ? 403 : 401;
        return context.Response.StatusCode == 200 ? next(context) : Task.CompletedTask;
    }

    private void Map()
    {
        // Two pages.
        app.MapGet("/api/db/connections", (string? cursor) => cursor is null
            ? Results.Ok(new { items = new[] { Item(Shop, "shop", true), Item(Mine, "both", true), Item(Theirs, "both", false) }, next_cursor = "page/2" })
            : Results.Ok(new { items = new[] { Item(Busy, "busy", false), Item(Down, "down", true) }, next_cursor = (string?)null }));
        app.MapGet("/api/db/connections/{id}/schema", async (string? table) =>
        {
            await using var command = database.CreateCommand("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position");
            command.Parameters.AddWithValue(table ?? "orders");
            return await DescribeAsync(command);
        });
        app.MapPost("/api/db/connections/{id:guid}/query", QueryAsync);
    }

    private async Task<IResult> QueryAsync(Guid id, JsonElement body, HttpResponse response)
    {
        response.Headers.RetryAfter = "3";
        if (id == Busy || id == Down)
        {
            return id == Busy ? Results.Problem("You have too many queries at a time.", statusCode: 429) : Results.Problem("The database cannot be reached: it does not accept connections.", statusCode: 502);
        }

        try
        {
            await using var command = database.CreateCommand(body.GetProperty("query").GetString()!);
            if (body.TryGetProperty("parameters", out var parameters))
            {
                foreach (var value in parameters.EnumerateArray())
                {
                    command.Parameters.AddWithValue(value.GetInt32());
                }
            }

            await using var reader = await command.ExecuteReaderAsync();
            List<object?[]> rows = [];
            while (await reader.ReadAsync() && rows.Count < body.GetProperty("max_rows").GetInt32())
            {
                rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))]);
            }

            var columns = Enumerable.Range(0, reader.FieldCount).Select(i => new { name = reader.GetName(i), type = reader.GetDataTypeName(i) }).ToList();
            return Results.Ok(new { columns, rows, row_count = rows.Count, truncated = false, elapsed_ms = 2 });
        }
        catch (PostgresException exception)
        {
            return Results.Problem(exception.MessageText, statusCode: 422);
        }
    }

    private static async Task<IResult> DescribeAsync(NpgsqlCommand command)
    {
        await using var reader = await command.ExecuteReaderAsync();
        List<object> columns = [];
        while (await reader.ReadAsync())
        {
            columns.Add(new { name = reader.GetString(0), type = reader.GetString(1), nullable = true });
        }

        return Results.Ok(new { schemas = new[] { new { name = "public", tables = new[] { new { name = "orders", kind = "table", columns } } } }, next_cursor = (string?)null });
    }

    private static object Item(Guid id, string name, bool isOwner) =>
        new { id, name, owner = isOwner ? "ada" : "bob", is_owner = isOwner, database_type = "postgresql", host = "h", port = 5432, database = "db", ssl_mode = "prefer", read_only = true };
}
