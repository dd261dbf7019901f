using System.Text.Json;
using McpPlatform.TestSupport;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.BuiltIn;

public sealed class DatabaseTests(PlatformServers servers) : IAsyncLifetime
{
    private ConnectionsStandIn connections = null!;

    public async ValueTask InitializeAsync() => connections = await ConnectionsStandIn.StartAsync(await servers.CreateDatabaseAsync("builtin"));

    public ValueTask DisposeAsync() => connections.DisposeAsync();

    [Theory]
    [InlineData(BuiltInSession.Modern)]
    [InlineData(BuiltInSession.Legacy)]
    public async Task A_caller_goes_from_the_list_to_the_schema_to_the_rows(string era)
    {
        await using var session = await StartAsync(era);

        var list = await session.CallAsync("list_connections", new { });
        var schema = await session.SendAsync("describe_schema", new { connection = "shop", table = "orders" });
        var rows = await session.SendAsync("query", new { connection = "shop", query = "SELECT id, note FROM orders WHERE id >= $1 ORDER BY id", parameters = new[] { 1 } });

        Assert.Equal(["shop", "both", "both", "busy", "down"], list.GetProperty("connections").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
        Assert.Contains("public.orders(id integer, note text)", BuiltInSession.Text(schema), StringComparison.Ordinal);
        Assert.Equal("""[[1,"a|b"],[2,null]]""", rows.StructuredContent!.Value.GetProperty("rows").GetRawText());
        Assert.Equal(
            ["| id | note |", "|---|---|", "| 1 | a\\|b |", "| 2 | NULL |", "2 rows."],
            BuiltInSession.Text(rows).ReplaceLineEndings("\n").Split('\n'));
        Assert.All(connections.Tokens, token => Assert.Equal($"Bearer {ConnectionsStandIn.Token}", token));
    }

    [Fact]
    public async Task Of_two_with_one_name_the_callers_own_is_meant()
    {
        await using var session = await StartAsync();

        var schema = await session.CallAsync("describe_schema", new { connection = "both" });

        Assert.Equal("both", schema.GetProperty("connection").GetString());
    }

    [Fact]
    public async Task A_failure_says_what_to_do()
    {
        await using var session = await StartAsync();

        Assert.Contains("Call list_connections", await session.RefusedAsync("query", new { connection = "nobody's", query = "SELECT 1" }), StringComparison.Ordinal);
        Assert.Contains("missing_table", await session.RefusedAsync("query", new { connection = "shop", query = "SELECT * FROM missing_table" }), StringComparison.Ordinal);
        Assert.Contains("Try again in 3 s", await session.RefusedAsync("query", new { connection = "busy", query = "SELECT 1" }), StringComparison.Ordinal);
        Assert.Contains("does not accept connections", await session.RefusedAsync("query", new { connection = "down", query = "SELECT 1" }), StringComparison.Ordinal);
        Assert.Contains("max_rows must be 1 to 1000", await session.RefusedAsync("query", new { connection = "shop", query = "SELECT 1", max_rows = 5000 }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "need an access token")]
    [InlineData("canary-over", "does not accept your access token")]
    [InlineData("poor", "db.query")]
    public async Task Without_a_good_token_nothing_is_told(string? token, string words)
    {
        await using var session = await BuiltInSession.StartAsync("database", connections.Settings, accessToken: token);

        var text = await session.RefusedAsync("list_connections", new { });

        Assert.Contains(words, text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_asks_for_less()
    {
        await using var session = await StartAsync();

        Assert.Contains("Ask for less", await session.RefusedAsync("query", new { connection = "shop", query = "SELECT repeat('x', 2000000)" }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BuiltInSession.Modern)]
    [InlineData(BuiltInSession.Legacy)]
    public async Task Schemas_are_resources_with_a_template_and_its_completion(string era)
    {
        await using var session = await StartAsync(era);
        var cancellation = TestContext.Current.CancellationToken;

        var listed = await session.Client.ListResourcesAsync(cancellationToken: cancellation);
        var template = Assert.Single(await session.Client.ListResourceTemplatesAsync(cancellationToken: cancellation));
        var byId = await session.Client.ReadResourceAsync(listed[0].Uri, cancellationToken: cancellation);
        var byName = await session.Client.ReadResourceAsync("db://shop/schema", cancellationToken: cancellation);
        var completion = await session.Client.CompleteAsync(new ResourceTemplateReference { Uri = template.UriTemplate }, "connection", "B", cancellationToken: cancellation);

        Assert.Equal(5, listed.Count);
        Assert.Equal("db://{connection}/schema", template.UriTemplate);
        Assert.All(new[] { byId, byName }, read =>
            Assert.Contains("\"orders\"", Assert.IsType<TextResourceContents>(Assert.Single(read.Contents)).Text, StringComparison.Ordinal));
        Assert.Equal(["both", "busy"], completion.Completion.Values);
    }

    [Theory]
    [InlineData("db://nobody/schema")]
    [InlineData("db:///schema")]
    [InlineData("file:///etc/passwd")]
    public async Task A_resource_that_is_not_there_is_an_error_with_a_sentence(string uri)
    {
        await using var session = await StartAsync();

        var error = await Assert.ThrowsAsync<McpProtocolException>(async () => await session.Client.ReadResourceAsync(uri, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(McpErrorCode.InvalidParams, error.ErrorCode);
    }

    [Fact]
    public void A_caller_does_not_print_the_token() =>
        Assert.DoesNotContain("canary", new McpPlatform.McpService.BuiltIn.BuiltInCaller(Guid.Empty, "canary").ToString(), StringComparison.Ordinal);

    private Task<BuiltInSession> StartAsync(string era = BuiltInSession.Modern) => BuiltInSession.StartAsync("database", connections.Settings, era, ConnectionsStandIn.Token);
}
