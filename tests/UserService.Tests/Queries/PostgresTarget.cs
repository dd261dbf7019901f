using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using McpPlatform.UserService.Tests.Connections;
using Npgsql;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>A database of its own on the tests' PostgreSQL, and people with profiles that log into it as superuser: nothing but the guard is in the way.</summary>
public sealed class PostgresTarget(UserServiceApplication app, PlatformServers servers) : IAsyncLifetime
{
    /// <summary>Reads only, and so does its profile.</summary>
    public HttpClient Reader { get; private set; } = null!;

    /// <summary>May write, and so may its profile.</summary>
    public HttpClient Writer { get; private set; } = null!;

    public Guid ReaderId { get; private set; }

    public string ReaderPath { get; private set; } = string.Empty;

    public string WriterPath { get; private set; } = string.Empty;

    /// <summary>The writer's other profile, which is read-only.</summary>
    public string ReadOnlyPath { get; private set; } = string.Empty;

    public NpgsqlDataSource Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var connection = new NpgsqlConnectionStringBuilder(await servers.CreateDatabaseAsync("target"));
        Database = NpgsqlDataSource.Create(connection.ConnectionString);
        await ExecuteAsync(
            """
            CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date);
            INSERT INTO people VALUES (1, 'Ann', '1980-02-29'), (2, 'Bob', NULL), (3, 'Cyd', '2001-01-01');
            CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE point3 AS (x int, y int, z text); CREATE DOMAIN small AS int CHECK (VALUE < 100);
            CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
            CREATE FUNCTION "Sneaky"() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''work_mem'', ''64kB'', false); RETURN 1; END';
            CREATE FUNCTION definer() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT current_user::text';
            CREATE FUNCTION leak(people) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT pg_read_file(''/etc/hostname'')';
            CREATE FUNCTION opfn(int, int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT pg_backend_pid()';
            CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = opfn);
            CREATE AGGREGATE aggr(int) (SFUNC = opfn, STYPE = int, INITCOND = '0');
            CREATE FUNCTION alias_of_sleep(double precision) RETURNS void LANGUAGE internal STABLE AS 'pg_sleep';
            CREATE SEQUENCE tickets;
            CREATE EXTENSION tablefunc; CREATE EXTENSION dblink; CREATE EXTENSION citext;
            """);
        var body = Profiles.Real(servers, ("database", connection.Database));
        (Reader, ReaderId, _) = await app.PersonAsync();
        ReaderPath = (await Reader.CreateConnectionAsync(body)).PathOf();
        var writer = UserServiceApplication.NewName();
        Writer = app.ClientFor(writer, new Caller
        {
            UserId = await app.CreateUserAsync(writer), Roles = [BuiltInRoles.Admin], Teams = [], Permissions = Permissions.Catalogue.Keys.ToHashSet(StringComparer.Ordinal),
        });
        body["read_only"] = false;
        WriterPath = (await Writer.CreateConnectionAsync(body)).PathOf();
        body["read_only"] = true;
        body["name"] = "looking only";
        ReadOnlyPath = (await Writer.CreateConnectionAsync(body)).PathOf();
    }

    public async ValueTask DisposeAsync()
    {
        Reader.Dispose();
        Writer.Dispose();
        await Database.DisposeAsync();
    }

    public Task<HttpResponseMessage> AskAsync(string query, object? parameters = null, int? maxRows = null, int? timeoutMs = null) =>
        Reader.PostAsJsonAsync(ReaderPath + "/query", new { query, parameters, max_rows = maxRows, timeout_ms = timeoutMs });

    public Task<HttpResponseMessage> AskToWriteAsync(string query, object? parameters = null) => Writer.PostAsJsonAsync(WriterPath + "/query", new { query, parameters });

    /// <summary>The answer's rows.</summary>
    public async Task<JsonElement> RowsAsync(string query, object? parameters = null)
    {
        var response = await AskAsync(query, parameters);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.JsonAsync()).GetProperty("rows");
    }

    /// <summary>The only value of the answer, as JSON.</summary>
    public async Task<string> ValueAsync(string query, object? parameters = null) => (await RowsAsync(query, parameters))[0][0].GetRawText();

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
