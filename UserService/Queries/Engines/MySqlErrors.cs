using MySqlConnector;

namespace McpPlatform.UserService.Queries.Engines;

internal static class MySqlErrors
{
    /// <summary>What the driver threw, as it is told; null for what is none of its business.</summary>
    public static QueryFailedException? Translate(Exception exception) => exception switch
    {
        // 1969 max_statement_time, 3024 max_execution_time, 1317 interrupted.
        MySqlException { Number: 1969 or 3024 or 1317 } or MySqlException { ErrorCode: MySqlErrorCode.CommandTimeoutExpired } => QueryFailedException.TimedOut(exception),
        MySqlException { Number: > 1000 } error when error.SqlState is { Length: 5 } state => new(QueryFailure.Database, error.Message, state, error),
        MySqlException or IOException or ObjectDisposedException => new(QueryFailure.ConnectionLost, "The connection to the database broke.", null, exception),
        InvalidOperationException or InvalidCastException or NotSupportedException or FormatException or OverflowException or ArgumentException => new(
            QueryFailure.Database, "The database's answer cannot be read.", null, exception),
        _ => null,
    };
}
