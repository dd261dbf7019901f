using System.Net;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.UserService.Tests.Connections;

namespace McpPlatform.UserService.Tests.Queries;

[Collection(UserServiceCollection.Name)]
public sealed class SchemaTests(PostgresTarget target, UserServiceApplication app) : IClassFixture<PostgresTarget>, IAsyncLifetime
{
    private readonly string schema = $"shop_{Guid.CreateVersion7():N}";

    public async ValueTask InitializeAsync() => await target.ExecuteAsync(
        $"""
        CREATE SCHEMA {schema}; SET search_path = {schema};
        CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(254) NOT NULL, gone int, tags text[] DEFAULT array[]::text[]);
        ALTER TABLE customers DROP COLUMN gone;
        COMMENT ON TABLE customers IS 'Who buys.'; COMMENT ON COLUMN customers.email IS 'Unique, in lower case.';
        CREATE UNIQUE INDEX customers_email ON customers (lower(email), id);
        CREATE TABLE "Order lines" (order_id bigint, line int, customer bigint NOT NULL REFERENCES customers (id), price numeric(10, 2), PRIMARY KEY (line, order_id));
        CREATE VIEW spenders AS SELECT email FROM customers; CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM customers;
        CREATE TABLE days (day date NOT NULL) PARTITION BY RANGE (day); CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        """);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Tables_come_with_columns_keys_indexes_and_comments()
    {
        var answer = await GetAsync($"?schema={schema}");

        var tables = answer.GetProperty("schemas").EnumerateArray().Single().GetProperty("tables").EnumerateArray().ToList();
        Assert.Equal(["Order lines:table", "customers:table", "days:table", "spenders:view", "totals:materialized_view"], tables.Select(table => $"{table.GetProperty("name")}:{table.GetProperty("kind")}"));
        AssertJson(
            """
            {"name":"customers","kind":"table","comment":"Who buys.","columns":[
              {"name":"id","type":"bigint","nullable":false},
              {"name":"email","type":"character varying(254)","nullable":false,"comment":"Unique, in lower case."},
              {"name":"tags","type":"text[]","nullable":true,"default":"ARRAY[]::text[]"}],
             "foreign_keys":[],"indexes":[{"name":"customers_email","unique":true,"columns":["lower(email::text)","id"]}],"primary_key":["id"]}
            """,
            tables[1]);
        Assert.Equal("""["line","order_id"]""", tables[0].GetProperty("primary_key").GetRawText());
        var key = tables[0].GetProperty("foreign_keys").EnumerateArray().Single();
        AssertJson($$$"""{"columns":["customer"],"references":{"schema":"{{{schema}}}","table":"customers","columns":["id"]}}""", key, except: "name");
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("next_cursor").ValueKind);
    }

    [Fact]
    public async Task Pages_hold_each_table_once_in_order()
    {
        var (names, cursor) = (new List<string>(), (string?)null);
        do
        {
            var page = await GetAsync($"?schema={schema}&limit=2" + (cursor is null ? string.Empty : "&cursor=" + cursor));
            names.AddRange(Names(page));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(["Order lines", "customers", "days", "spenders", "totals"], names);
    }

    [Fact]
    public async Task A_page_ends_where_it_has_many_columns_and_texts_are_cut()
    {
        var wide = $"wide_{Guid.CreateVersion7():N}";
        await target.ExecuteAsync(
            $"""
            CREATE SCHEMA {wide};
            DO $do$ BEGIN
              FOR i IN 1..14 LOOP EXECUTE format('CREATE TABLE {wide}.t%s (%s)', chr(96 + i), (SELECT string_agg('c' || n || ' int', ', ') FROM generate_series(1, 1590) n)); END LOOP;
            END $do$;
            DO $do$ BEGIN EXECUTE format('COMMENT ON TABLE {wide}.ta IS %L', repeat('é', 5000)); END $do$;
            """);

        var first = await GetAsync($"?schema={wide}");
        var second = await GetAsync($"?schema={wide}&cursor={first.GetProperty("next_cursor").GetString()}");

        Assert.Equal(["ta", "tb", "tc", "td", "te", "tf", "tg", "th", "ti", "tj", "tk", "tl", "tm"], Names(first));
        Assert.All(first.GetProperty("schemas")[0].GetProperty("tables").EnumerateArray(), table => Assert.Equal(1590, table.GetProperty("columns").GetArrayLength()));
        Assert.Equal(["tn"], Names(second));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next_cursor").ValueKind);
        Assert.Equal(1000, first.GetProperty("schemas")[0].GetProperty("tables")[0].GetProperty("comment").GetString()!.Length);
    }

    /// <summary>Operators and functions of the same name, and a search path that finds them first: what is asked of the catalogue is not theirs to answer.</summary>
    [Fact]
    public async Task Nobody_else_answers_for_the_catalogue()
    {
        var trap = $"trap_{Guid.CreateVersion7():N}";
        await target.ExecuteAsync(
            $"""
            CREATE SCHEMA {trap};
            CREATE FUNCTION {trap}.sprung(name, name) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''sprung''; END';
            CREATE OPERATOR {trap}.= (LEFTARG = name, RIGHTARG = name, FUNCTION = {trap}.sprung); CREATE OPERATOR {trap}.<> (LEFTARG = name, RIGHTARG = name, FUNCTION = {trap}.sprung);
            CREATE FUNCTION {trap}.sprung(name, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''sprung''; END';
            CREATE OPERATOR {trap}.= (LEFTARG = name, RIGHTARG = text, FUNCTION = {trap}.sprung); CREATE OPERATOR {trap}.!~ (LEFTARG = name, RIGHTARG = text, FUNCTION = {trap}.sprung);
            """);
        var database = await target.ScalarAsync<string>("SELECT current_database()::text");
        await target.ExecuteAsync($"ALTER ROLE CURRENT_USER IN DATABASE \"{database}\" SET search_path = {trap}, pg_catalog, public");
        try
        {
            Assert.Equal(["customers"], Names(await GetAsync($"?schema={schema}&table=customers")));
        }
        finally
        {
            await target.ExecuteAsync($"ALTER ROLE CURRENT_USER IN DATABASE \"{database}\" RESET search_path");
        }
    }

    [Theory]
    [InlineData("table=customers", "customers")]
    [InlineData("table=CUSTOMERS", "")]
    [InlineData("search=ORDER", "Order lines")]
    [InlineData("search=%25", "")]
    [InlineData("search='", "")]
    [InlineData("table=customers'%20OR%20true--", "")]
    public async Task What_is_asked_for_is_what_comes(string query, string expected) =>
        Assert.Equal(expected, string.Join(',', Names(await GetAsync($"?schema={schema}&{query}"))));

    [Fact]
    public async Task Catalogues_of_the_system_are_not_listed() =>
        Assert.DoesNotContain(Names(await GetAsync("?limit=500"), withSchema: true), name => name.StartsWith("pg_", StringComparison.Ordinal) || name.StartsWith("information_schema", StringComparison.Ordinal));

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("schema=%00", "schema")]
    [InlineData("table=%00", "table")]
    [InlineData("search=%00", "search")]
    [InlineData("cursor=!", "cursor")]
    [InlineData("cursor=W10", "cursor")]
    [InlineData("cursor=WyJhIixudWxsXQ", "cursor")]
    [InlineData("cursor=WyJhIiwiXHUwMDAwIl0", "cursor")]
    public async Task Bad_input_is_400_and_names_the_field(string query, string field) =>
        await (await target.Reader.GetAsync($"{target.ReaderPath}/schema?{query}")).AssertInvalidAsync(field);

    [Fact]
    public async Task Only_who_may_query_through_the_profile_sees_it()
    {
        var (other, _, _) = await app.PersonAsync();
        using var powerless = app.ClientFor(target.ReaderId, "somebody", Permissions.DbConnectionsManage);
        await using var activities = await app.ListenAsync<ActivityRecorded>();

        await (await other.GetAsync(target.ReaderPath + "/schema")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await powerless.GetAsync(target.ReaderPath + "/schema")).AssertProblemAsync(HttpStatusCode.Forbidden);
        await GetAsync($"?schema={schema}&limit=2");

        var id = target.ReaderPath.Split('/')[^1];
        await activities.WaitForAsync(x => x.Action == "db.schema" && x.Outcome == ActivityOutcomes.Denied && x.Target == id);
        var seen = await activities.WaitForAsync(x => x.Action == "db.schema" && x.UserId == target.ReaderId && x.Outcome == ActivityOutcomes.Succeeded && x.Details!["tables"] == "2");
        Assert.Equal(id, seen.Details!["connection_id"]);
    }

    private async Task<JsonElement> GetAsync(string query)
    {
        var response = await target.Reader.GetAsync(target.ReaderPath + "/schema" + query);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.JsonAsync();
    }

    private static IEnumerable<string> Names(JsonElement answer, bool withSchema = false) => answer.GetProperty("schemas").EnumerateArray().SelectMany(schema =>
        schema.GetProperty("tables").EnumerateArray().Select(table => (withSchema ? schema.GetProperty("name").GetString() + "." : string.Empty) + table.GetProperty("name").GetString()));

    private static void AssertJson(string expected, JsonElement actual, string? except = null)
    {
        var known = System.Text.Json.Nodes.JsonNode.Parse(actual.GetRawText())!;
        if (except is not null)
        {
            known.AsObject().Remove(except);
        }

        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(System.Text.Json.Nodes.JsonNode.Parse(expected), known), known.ToJsonString());
    }
}
