using Npgsql;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to PostgreSQL.</summary>
internal sealed class PostgresSession(NpgsqlDataSource source, NpgsqlConnection connection) : IDatabaseSession
{
    public string ServerVersion => $"PostgreSQL {connection.PostgreSqlVersion}";

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await source.DisposeAsync();
    }
}
