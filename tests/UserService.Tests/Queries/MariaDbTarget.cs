using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using McpPlatform.UserService.Tests.Connections;
using MySqlConnector;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>A database of its own on a real MariaDB, and a person whose profiles log into it as root.</summary>
public sealed class MariaDbTarget(UserServiceApplication app) : IAsyncLifetime
{
    private readonly MariaDbServer server = new();

    public HttpClient Person { get; private set; } = null!;

    /// <summary>Reads only.</summary>
    public string Path { get; private set; } = string.Empty;

    /// <summary>May write.</summary>
    public string WriterPath { get; private set; } = string.Empty;

    public string Database { get; private set; } = string.Empty;

    public async ValueTask InitializeAsync()
    {
        await server.InitializeAsync();
        Database = await server.CreateDatabaseAsync("target");
        await ExecuteAsync(
            """
            CREATE TABLE people (id int PRIMARY KEY, name varchar(50) NOT NULL, born date) ENGINE=InnoDB;
            INSERT INTO people VALUES (1, 'Ann', '1980-02-29'), (2, 'Bob', NULL), (3, 'Cyd', '2001-01-01');
            CREATE TABLE log (text varchar(50)) ENGINE=MyISAM;
            CREATE SEQUENCE tickets;
            CREATE FUNCTION sneaky() RETURNS int DETERMINISTIC BEGIN INSERT INTO log VALUES ('sneaky'); RETURN 1; END;
            CREATE FUNCTION any_value(a int) RETURNS int DETERMINISTIC RETURN LENGTH(LOAD_FILE('/etc/passwd'));
            CREATE FUNCTION path(a int) RETURNS int DETERMINISTIC RETURN LENGTH(LOAD_FILE('/etc/passwd'));
            CREATE FUNCTION version2() RETURNS int DETERMINISTIC RETURN sneaky();
            """);
        var connection = new MySqlConnectionStringBuilder(Database);
        var name = UserServiceApplication.NewName();
        Person = app.ClientFor(name, new Caller
        {
            UserId = await app.CreateUserAsync(name), Roles = [BuiltInRoles.Admin], Teams = [], Permissions = Permissions.Catalogue.Keys.ToHashSet(StringComparer.Ordinal),
        });
        var body = Profiles.Body(
            ("database_type", "mysql"), ("host", "127.0.0.1"), ("port", connection.Port), ("database", connection.Database), ("username", connection.UserID),
            ("password", connection.Password), ("ssl_mode", "prefer"));
        Path = (await Person.CreateConnectionAsync(body)).PathOf();
        body["read_only"] = false;
        body["name"] = "writing";
        WriterPath = (await Person.CreateConnectionAsync(body)).PathOf();
    }

    public async ValueTask DisposeAsync()
    {
        Person?.Dispose();
        await server.DisposeAsync();
    }

    public Task<HttpResponseMessage> AskAsync(string query, object? parameters = null, int? maxRows = null, int? timeoutMs = null) =>
        Person.PostAsJsonAsync(Path + "/query", new { query, parameters, max_rows = maxRows, timeout_ms = timeoutMs });

    public Task<HttpResponseMessage> AskToWriteAsync(string query, object? parameters = null) => Person.PostAsJsonAsync(WriterPath + "/query", new { query, parameters });

    public async Task<JsonElement> RowsAsync(string query, object? parameters = null)
    {
        var response = await AskAsync(query, parameters);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.JsonAsync()).GetProperty("rows");
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new MySqlConnection(Database);
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<string> ScalarAsync(string sql)
    {
        await using var connection = new MySqlConnection(Database);
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        return Convert.ToString(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture)!;
    }
}
