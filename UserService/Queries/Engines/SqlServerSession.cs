using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to SQL Server.</summary>
internal sealed class SqlServerSession(SqlConnection connection) : IDatabaseSession
{
    public string ServerVersion => $"SQL Server {connection.ServerVersion}";

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
