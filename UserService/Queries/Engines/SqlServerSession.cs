using McpPlatform.UserService.Queries.Sql;
using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to SQL Server.</summary>
internal sealed class SqlServerSession(SqlConnection connection) : IDatabaseSession
{
    public string ServerVersion => $"SQL Server {connection.ServerVersion}";

    public Task<IResultRows> RunAsync(BoundStatement statement, TimeSpan timeout, CancellationToken cancellationToken) =>
        throw new StatementRefusedException("Queries of this kind of database are not taken yet.");

    public Task FinishAsync(bool commit, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
