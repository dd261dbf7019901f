using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Npgsql;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>From a connection that somebody saves to the rows in an MCP client: Gateway, McpService's built-in server, UserService and a real database.</summary>
public sealed class DatabaseJourneyTests(Platform platform)
{
    private const string List = "database__list_connections", Describe = "database__describe_schema", Query = "database__query";

    [Fact]
    public async Task A_client_finds_the_tables_of_its_users_connection_and_reads_rows_and_cannot_change_any()
    {
        var user = await platform.NewUserAsync();
        await using var shop = await ShopAsync();
        await SaveAsync(user.Token, shop.Address);
        await using var client = await ConnectAsync(user.Token);

        var tools = await client.ListToolsAsync();
        Assert.Superset(new HashSet<string> { List, Describe, Query }, tools.Select(tool => tool.Name).ToHashSet());
        Assert.Contains("shop (postgresql", Text(await client.CallToolAsync(List)), StringComparison.Ordinal);
        Assert.Contains("public.orders(id integer, note text)", Text(await client.CallToolAsync(Describe, new Dictionary<string, object?> { ["connection"] = "shop" })), StringComparison.Ordinal);

        var rows = await AskAsync(client, "SELECT id, note FROM orders WHERE id >= $1 ORDER BY id", 2);
        Assert.NotEqual(true, rows.IsError);
        Assert.Equal("""[[2,"second"],[3,null]]""", rows.StructuredContent!.Value.GetProperty("rows").GetRawText());

        foreach (var (statement, reason) in ((string, string)[])
            [
                ("DELETE FROM orders", "not allowed"), ("SELECT 1; DROP TABLE orders", "one statement"), ("SELECT pg_read_file('/etc/passwd')", "pg_read_file"), ("DROP TABLE orders", "Only SELECT"),
            ])
        {
            var refused = await AskAsync(client, statement);
            Assert.True(refused.IsError, statement);
            Assert.Contains(reason, Text(refused), StringComparison.OrdinalIgnoreCase);
        }

        Assert.Equal("[[3]]", (await AskAsync(client, "SELECT count(*) FROM orders")).StructuredContent!.Value.GetProperty("rows").GetRawText());
        Assert.Equal(3L, await shop.CountAsync());
    }

    [Fact]
    public async Task Who_may_not_use_the_tool_does_not_see_it_and_cannot_call_it()
    {
        var user = await platform.NewUserAsync();
        await using var shop = await ShopAsync();
        await SaveAsync(user.Token, shop.Address);
        await platform.SendAsync(HttpMethod.Put, "/api/permissions/grants", platform.AdminToken, new
        {
            subject_type = "user", subject = user.Id, rules = new[] { new { effect = "deny", resource = "tool:database/query" } },
        });
        await using var client = await ConnectAsync(user.Token);

        await Platform.EventuallyAsync(TimeSpan.FromSeconds(5), async () =>
        {
            var names = (await client.ListToolsAsync()).Select(tool => tool.Name).ToHashSet();
            Assert.Contains(Describe, names);
            return names.Contains(Query) ? null : names;
        }, "the tool is hidden");
        await Platform.EventuallyAsync(TimeSpan.FromSeconds(5), async () =>
        {
            try
            {
                return (await AskAsync(client, "SELECT 1")).IsError == true ? "refused" : null;
            }
            catch (McpProtocolException exception)
            {
                Assert.Equal(McpErrorCode.InvalidParams, exception.ErrorCode);
                return "unknown";
            }
        }, "the tool cannot be called");
    }

    [Fact]
    public async Task Who_lacks_the_permission_to_query_or_to_call_tools_is_told_so()
    {
        var role = $"caller-{Guid.CreateVersion7():N}"[..20];
        await platform.SendAsync(HttpMethod.Post, "/api/permissions/roles", platform.AdminToken, new { name = role, permissions = new[] { "mcp.tools.call" } });
        var caller = await platform.NewUserAsync(role);
        var auditor = await platform.NewUserAsync("auditor");
        await using var client = await ConnectAsync(caller.Token);

        var refused = await client.CallToolAsync(List);

        Assert.True(refused.IsError);
        Assert.Contains("db.query", Text(refused), StringComparison.Ordinal);
        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => ConnectAsync(auditor.Token));
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, exception.StatusCode);
    }

    private static ValueTask<CallToolResult> AskAsync(McpClient client, string query, params object[] parameters) =>
        client.CallToolAsync(Query, new Dictionary<string, object?> { ["connection"] = "shop", ["query"] = query, ["parameters"] = parameters });

    private static string Text(CallToolResult result) => string.Join('\n', result.Content.OfType<TextContentBlock>().Select(block => block.Text));

    private Task<JsonElement> SaveAsync(string token, NpgsqlConnectionStringBuilder shop) => platform.SendAsync(HttpMethod.Post, "/api/db/connections", token, new
    {
        name = "shop", database_type = "postgresql", host = "localhost", port = shop.Port, database = shop.Database, username = shop.Username, password = shop.Password, ssl_mode = "disable",
    });

    private Task<McpClient> ConnectAsync(string token) => McpClient.CreateAsync(new HttpClientTransport(new()
    {
        Endpoint = new Uri(platform.Gateway, "/mcp"), TransportMode = HttpTransportMode.StreamableHttp, AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
    }));

    private async Task<Shop> ShopAsync()
    {
        var at = new NpgsqlConnectionStringBuilder(await platform.ConnectionStringAsync("postgres")) { Pooling = false };
        var shop = new NpgsqlConnectionStringBuilder(at.ConnectionString) { Database = $"shop_{Guid.CreateVersion7():N}" };
        await RunAsync(at, $"CREATE DATABASE {shop.Database}");
        await RunAsync(shop, "CREATE TABLE orders (id integer PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'first'), (2, 'second'), (3, NULL)");
        return new Shop(at, shop);
    }

    private static async Task<object?> RunAsync(NpgsqlConnectionStringBuilder at, string statement)
    {
        await using var connection = new NpgsqlConnection(at.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>A database with one table, removed in the end.</summary>
    private sealed class Shop(NpgsqlConnectionStringBuilder server, NpgsqlConnectionStringBuilder address) : IAsyncDisposable
    {
        public NpgsqlConnectionStringBuilder Address => address;

        public Task<object?> CountAsync() => RunAsync(address, "SELECT count(*) FROM orders");

        public async ValueTask DisposeAsync() => await RunAsync(server, $"DROP DATABASE {address.Database} WITH (FORCE)");
    }
}
