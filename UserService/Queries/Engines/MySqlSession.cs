using MySqlConnector;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to MySQL or MariaDB.</summary>
internal sealed class MySqlSession(MySqlConnection connection) : IDatabaseSession
{
    public string ServerVersion => connection.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase)
        ? $"MariaDB {connection.ServerVersion}"
        : $"MySQL {connection.ServerVersion}";

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
