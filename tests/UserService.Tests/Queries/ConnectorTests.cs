using System.Net;
using System.Net.Sockets;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.TestSupport;
using McpPlatform.UserService.Queries.Engines;
using Microsoft.Extensions.Options;
using Npgsql;
using SslMode = McpPlatform.UserService.Queries.Engines.SslMode;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>Where connections go, and what cannot send them elsewhere.</summary>
public sealed class ConnectorTests(PlatformServers servers)
{
    private readonly NpgsqlConnectionStringBuilder postgres = new(servers.Postgres);

    [Fact]
    public async Task A_target_opens_and_tells_the_servers_version()
    {
        await using var session = await Connector().OpenAsync(Target(), CancellationToken.None);

        Assert.Matches("^PostgreSQL [0-9]+", session.ServerVersion);
    }

    [Fact]
    public async Task The_address_that_was_checked_is_the_one_that_is_connected_to()
    {
        // The name exists nowhere but in this resolver: any further look-up would fail. The second answer would be a refused one.
        var asked = 0;
        var connector = Connector((_, _) => Task.FromResult(new[] { Interlocked.Increment(ref asked) == 1 ? IPAddress.Loopback : IPAddress.Parse("10.0.0.1") }));

        await using var session = await connector.OpenAsync(Target() with { Host = "db.nowhere.invalid" }, CancellationToken.None);

        Assert.Matches("^PostgreSQL [0-9]+", session.ServerVersion);
        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData(nameof(DatabaseType.Postgresql))]
    [InlineData(nameof(DatabaseType.Mysql))]
    [InlineData(nameof(DatabaseType.Sqlserver))]
    public async Task A_name_that_turns_to_the_inside_after_the_check_reaches_nobody(string kind)
    {
        var type = Enum.Parse<DatabaseType>(kind);
        using var canary = new TcpListener(IPAddress.Loopback, 0);
        canary.Start();
        var port = ((IPEndPoint)canary.LocalEndpoint).Port;
        var asked = 0;

        // 192.0.2.1 is documentation's own address: allowed here by the list, and nobody is there.
        var connector = Connector((_, _) => Task.FromResult(new[] { Interlocked.Increment(ref asked) == 1 ? IPAddress.Parse("192.0.2.1") : IPAddress.Loopback }), "192.0.2.0/24:*");
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(700));

        await Assert.ThrowsAnyAsync<Exception>(() => connector.OpenAsync(Target(type, port) with { Host = "rebind.example" }, patience.Token));

        Assert.Equal(1, asked);
        Assert.False(canary.Pending());
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("10.1.2.3")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    [InlineData("0x7f000001")]
    public async Task An_address_that_the_operator_did_not_list_is_refused(string host)
    {
        var connector = Connector(Dns.GetHostAddressesAsync, "192.0.2.0/24:*");

        var exception = await Assert.ThrowsAsync<ConnectFailedException>(() => connector.OpenAsync(Target() with { Host = host }, CancellationToken.None));

        Assert.Contains(exception.Failure, new[] { ConnectFailure.NotAllowed, ConnectFailure.UnknownHost });
    }

    [Fact]
    public async Task A_sql_server_is_only_reached_when_the_operator_lists_it()
    {
        // A public address, which any other database may be reached at.
        var exception = await Assert.ThrowsAsync<ConnectFailedException>(() =>
            Connector().OpenAsync(Target(DatabaseType.Sqlserver, 1433) with { Host = "1.1.1.1" }, CancellationToken.None));

        Assert.Equal(ConnectFailure.NotAllowed, exception.Failure);
        Assert.Contains("listed by the operator", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(DatabaseType.Postgresql))]
    [InlineData(nameof(DatabaseType.Mysql))]
    [InlineData(nameof(DatabaseType.Sqlserver))]
    public async Task A_closed_port_is_said_at_once(string kind)
    {
        var type = Enum.Parse<DatabaseType>(kind);
        var exception = await Assert.ThrowsAsync<ConnectFailedException>(() => Connector().OpenAsync(Target(type, 1), CancellationToken.None));

        Assert.True(exception.Failure == ConnectFailure.Unreachable, exception.ToString());
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_five_seconds()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        var started = TimeProvider.System.GetTimestamp();

        var failures = await Task.WhenAll(Enum.GetValues<DatabaseType>().Select(type =>
            Assert.ThrowsAsync<ConnectFailedException>(() => Connector().OpenAsync(Target(type, port), CancellationToken.None))));

        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 4, 7);
        Assert.All(failures, exception => Assert.Equal(ConnectFailure.TimedOut, exception.Failure));
    }

    [Theory]
    [InlineData(nameof(DatabaseType.Postgresql))]
    [InlineData(nameof(DatabaseType.Mysql))]
    public async Task What_is_no_such_database_is_said_in_a_sentence(string kind)
    {
        var type = Enum.Parse<DatabaseType>(kind);
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        var answering = AnswerAsHttpAsync(web);

        var exception = await Assert.ThrowsAsync<ConnectFailedException>(() =>
            Connector().OpenAsync(Target(type, ((IPEndPoint)web.LocalEndpoint).Port), CancellationToken.None));

        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", exception.Message, StringComparison.Ordinal);
        await answering;
    }

    [Theory]
    [InlineData(nameof(SslMode.Require))]
    [InlineData(nameof(SslMode.VerifyCa))]
    [InlineData(nameof(SslMode.VerifyFull))]
    public async Task A_server_without_tls_is_refused_where_the_profile_asks_for_it(string name)
    {
        var mode = Enum.Parse<SslMode>(name);
        var exception = await Assert.ThrowsAsync<ConnectFailedException>(() => Connector().OpenAsync(Target() with { SslMode = mode }, CancellationToken.None));

        Assert.Equal(ConnectFailure.Tls, exception.Failure);
    }

    [Fact]
    public async Task The_environment_of_the_service_changes_nothing()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGOPTIONS"] = "-c statement_timeout=1", ["PGTZ"] = "Asia/Tokyo", ["PGCLIENTENCODING"] = "LATIN1", ["PGUSER"] = "nobody", ["PGPASSWORD"] = "stolen",
            ["PGSSLNEGOTIATION"] = "direct", ["PGTARGETSESSIONATTRS"] = "standby", ["PGSSLCERT"] = "/nonexistent.crt", ["PGGSSENCMODE"] = "require",
        };
        try
        {
            foreach (var (key, value) in variables)
            {
                Environment.SetEnvironmentVariable(key, value);
            }

            await using var source = PostgresEngine.Build(Target(), IPAddress.Loopback);
            await using var connection = await source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand("SELECT current_setting('TimeZone') || current_setting('client_encoding') || current_setting('statement_timeout')", connection);
            Assert.Equal("UTCUTF80", await command.ExecuteScalarAsync());
        }
        finally
        {
            foreach (var key in variables.Keys)
            {
                Environment.SetEnvironmentVariable(key, null);
            }
        }
    }

    [Theory]
    [InlineData("db;Host=evil")]
    [InlineData("x';AllowLoadLocalInfile=true;'")]
    [InlineData("\";Password=other;\"")]
    [InlineData("a=b;TrustServerCertificate=true")]
    public void A_value_never_becomes_an_option(string value)
    {
        var target = Target() with { Database = value, Username = value, Password = value };

        var mysql = new MySqlConnector.MySqlConnectionStringBuilder(MySqlEngine.Settings(target, IPAddress.Loopback).ConnectionString);
        var sqlServer = new Microsoft.Data.SqlClient.SqlConnectionStringBuilder(
            SqlServerEngine.Settings(target with { SslMode = SslMode.VerifyFull }, IPAddress.Loopback).ConnectionString);

        Assert.Equal((value, value, value, "127.0.0.1", false), (mysql.Database, mysql.UserID, mysql.Password, mysql.Server, mysql.AllowLoadLocalInfile));
        Assert.Equal((value, value, value, false), (sqlServer.InitialCatalog, sqlServer.UserID, sqlServer.Password, sqlServer.TrustServerCertificate));
        Assert.Equal($"tcp:127.0.0.1,{postgres.Port}", sqlServer.DataSource);
        Assert.Equal("localhost", sqlServer.HostNameInCertificate);
        Assert.DoesNotContain("secret", target.ToString(), StringComparison.Ordinal);
    }

    private ConnectionTarget Target(DatabaseType type = DatabaseType.Postgresql, int? port = null) =>
        new(type, "localhost", port ?? postgres.Port, postgres.Database ?? "postgres", postgres.Username!, postgres.Password ?? "secret", SslMode.Prefer);

    private static ProfileConnector Connector(HostResolver? resolve = null, string allow = "127.0.0.0/8:*")
    {
        var options = new OutboundOptions();
        options.Allow.Add(allow);
        return new(
            new OutboundGuard(Options.Create(options), resolve ?? ((_, _) => Task.FromResult(new[] { IPAddress.Loopback }))),
            [new PostgresEngine(), new MySqlEngine(), new SqlServerEngine()]);
    }

    private static async Task AnswerAsHttpAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
    }
}
