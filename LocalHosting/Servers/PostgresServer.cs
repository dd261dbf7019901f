using McpPlatform.LocalHosting.Dcp;
using Npgsql;

namespace McpPlatform.LocalHosting.Servers;

internal sealed class PostgresServer(PostgresServerResource postgres, DataDirectory data, Action<string> note) : LocalServer(data, note)
{
    private static readonly string[] Places = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];
    private string _initdb = "", _server = "";

    // SIGTERM would wait for the clients to leave.
    public override string StopSignal => "INT";

    public override void Find()
    {
        // Debian keeps the servers of all versions side by side and only the clients on PATH.
        var folders = Places.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateDirectories(folder))
            .Where(folder => folder.StartsWith("/usr/lib/", StringComparison.Ordinal) || Path.GetFileName(folder).StartsWith("postgresql", StringComparison.Ordinal))
            .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder).Split('@')[^1], out var version) ? version : 0)
            .Select(folder => Path.Combine(folder, "bin")).ToList();
        _server = ServerPrograms.Find("postgres", "PostgreSQL", folders.Select(folder => Path.Combine(folder, "postgres")));
        _initdb = ServerPrograms.Find("initdb", "PostgreSQL", folders.Select(folder => Path.Combine(folder, "initdb")));
    }

    public override async Task<ExecutableSpec> PrepareAsync(CancellationToken cancellationToken)
    {
        var user = ServerUser.ForPostgres();
        var folder = user.Place(Data, postgres.Name, Note);
        var at = await postgres.PrimaryEndpoint.Annotation.WhenAllocatedAsync(cancellationToken);
        var cluster = Path.Combine(folder, "data");
        if (!File.Exists(Path.Combine(cluster, "PG_VERSION")))
        {
            await InitializeAsync(user, folder, cluster, cancellationToken);
        }

        string[] settings =
        [
            "listen_addresses=127.0.0.1", $"port={at.Port}", "unix_socket_directories=", "max_connections=300", "logging_collector=off",
            .. Data.IsThrowAway ? (string[])["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "wal_level=minimal", "max_wal_senders=0"] : [],
        ];
        return user.Run(_server, folder, ["-D", cluster, .. settings.SelectMany(setting => new[] { "-c", setting })]);
    }

    public override async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await ConnectAsync(cancellationToken);
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteScalarAsync(cancellationToken);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            throw new DistributedApplicationException(
                $"PostgreSQL does not accept the password of {Path.Combine(Data.Path, "secrets.json")}, because its data was made with another one: restore that file, or delete the folder {Data.Path} to start with empty databases.",
                error);
        }
    }

    /// <summary>Creates the databases that are not there yet.</summary>
    public async Task CreateDatabasesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        foreach (var database in postgres.Databases)
        {
            await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = database.DatabaseName } } };
            if (await exists.ExecuteScalarAsync(cancellationToken) is null)
            {
                var name = new NpgsqlCommandBuilder().QuoteIdentifier(database.DatabaseName);
#pragma warning disable CA2100 // A name cannot be a parameter of CREATE DATABASE; it is the model's and quoted.
                await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
#pragma warning restore CA2100
                await create.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }

    private async Task InitializeAsync(ServerUser user, string folder, string cluster, CancellationToken cancellationToken)
    {
        Note($"initdb {cluster}");
        var password = Path.Combine(folder, "password");
        try
        {
            user.WritePrivate(password, postgres.PasswordParameter.GetValue());
            string[] quick = Data.IsThrowAway ? ["--no-sync"] : [];
            await RunAsync(
                user.Run(_initdb, folder,
                    ["-D", cluster, "-U", await UserNameAsync(cancellationToken), "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", .. quick]),
                cancellationToken);
        }
        catch
        {
            // Half a cluster would be taken for a whole one next time.
            if (Directory.Exists(cluster))
            {
                Directory.Delete(cluster, recursive: true);
            }

            throw;
        }
        finally
        {
            File.Delete(password);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var text = await postgres.ConnectionStringExpression.GetValueAsync(cancellationToken);
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(text) { Database = "postgres", Pooling = false, Timeout = 3 }.ToString());
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private async Task<string> UserNameAsync(CancellationToken cancellationToken) =>
        await postgres.UserNameReference.GetValueAsync(cancellationToken) ?? PostgresServerResource.DefaultUserName;
}
