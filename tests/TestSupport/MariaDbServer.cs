using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MySqlConnector;
using Xunit;

namespace McpPlatform.TestSupport;

/// <summary>
/// A real MariaDB for the tests of one class (use it as a class fixture): taken from <c>TEST_MARIADB</c> (a MySqlConnector connection string of an
/// administrator) where that is set, and started on a free port where not. Without either the tests fail.
/// </summary>
public sealed class MariaDbServer : IAsyncLifetime
{
    private const string Password = "a password of the tests";
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"mariadb-{Guid.CreateVersion7():N}");
    private Process? server;

    /// <summary>The administrator's connection string, without a database.</summary>
    public string ConnectionString { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        ConnectionString = Environment.GetEnvironmentVariable("TEST_MARIADB") ?? string.Empty;
        if (ConnectionString.Length == 0)
        {
            try
            {
                await StartAsync();
            }
            catch
            {
                await DisposeAsync();
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Creates an empty database.</summary>
    /// <param name="name">A prefix that tells whose it is.</param>
    /// <returns>The administrator's connection string with this database.</returns>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        var database = $"{name}_{Guid.CreateVersion7():N}";
        await using var connection = new MySqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new MySqlCommand($"CREATE DATABASE `{database}` CHARACTER SET utf8mb4", connection);
        await command.ExecuteNonQueryAsync();
        return new MySqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;
    }

    private async Task StartAsync()
    {
        var (install, daemon) = (Find("mariadb-install-db"), Find("mariadbd"));
        Directory.CreateDirectory(folder);
        var init = Path.Combine(folder, "init.sql");
        await File.WriteAllLinesAsync(
            init, [$"CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '{Password}';", "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;"]);

        // The server refuses to run as root; the package has made a user for it.
        string[] user = Environment.UserName == "root" ? ["--user=mysql"] : [];
        var data = Path.Combine(folder, "data");
        using (var installing = Run(install, ["--no-defaults", $"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", .. user]))
        {
            await installing.WaitForExitAsync();
            if (installing.ExitCode != 0)
            {
                throw new InvalidOperationException($"mariadb-install-db ended with {installing.ExitCode}: {await installing.StandardError.ReadToEndAsync()}");
            }
        }

        var port = FreePort();
        server = Run(daemon,
        [
            "--no-defaults", $"--datadir={data}", $"--port={port}", "--bind-address=127.0.0.1", $"--socket={Path.Combine(folder, "data", "s")}", $"--init-file={init}", "--skip-name-resolve", "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--secure-file-priv=", .. user,
        ]);
        ConnectionString = new MySqlConnectionStringBuilder
        {
            Server = "127.0.0.1", Port = (uint)port, UserID = "root", Password = Password, ConnectionTimeout = 3, AllowUserVariables = true,
        }.ConnectionString;
        await WaitAsync();
    }

    private async Task WaitAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await using var connection = new MySqlConnection(ConnectionString);
                await connection.OpenAsync(timeout.Token);
                return;
            }
            catch (MySqlException) when (!server!.HasExited)
            {
                await Task.Delay(50, timeout.Token);
            }
            catch (MySqlException exception)
            {
                throw new InvalidOperationException($"mariadbd ended with {server!.ExitCode}.", exception);
            }
        }
    }

    // Read to nowhere, so that a full pipe holds nothing up.
    private static Process Run(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        if (program.EndsWith("mariadbd", StringComparison.Ordinal))
        {
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
        }

        return process;
    }

    private static string Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Concat(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin"])
            .Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"{program} is missing: install mariadb-server, or name a server in TEST_MARIADB.");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
