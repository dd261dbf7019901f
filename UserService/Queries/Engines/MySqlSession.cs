using McpPlatform.UserService.Queries.Sql;
using MySqlConnector;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to MySQL or MariaDB.</summary>
internal sealed class MySqlSession(MySqlConnection connection) : IDatabaseSession
{
    public string ServerVersion => connection.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase)
        ? $"MariaDB {connection.ServerVersion}"
        : $"MySQL {connection.ServerVersion}";

    public Task<IResultRows> RunAsync(BoundStatement statement, TimeSpan timeout, CancellationToken cancellationToken) =>
        throw new StatementRefusedException("Queries of this kind of database are not taken yet.");

    public Task FinishAsync(bool commit, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
