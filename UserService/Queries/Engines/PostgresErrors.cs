using Npgsql;

namespace McpPlatform.UserService.Queries.Engines;

internal static class PostgresErrors
{
    /// <summary>What the driver threw, as it is told; null for what is none of its business.</summary>
    public static QueryFailedException? Translate(Exception exception) => exception switch
    {
        // Detail, hint, where and the rest may hold rows of others.
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => QueryFailedException.TimedOut(exception),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } lost => Lost(lost),
        PostgresException error => new(QueryFailure.Database, error.MessageText, error.SqlState, error),
        NpgsqlException { InnerException: TimeoutException } => QueryFailedException.TimedOut(exception),
        NpgsqlException or IOException or ObjectDisposedException => Lost(exception),

        // A statement of a protocol that the driver does not speak here, or a text that is no UTF-8.
        InvalidOperationException or InvalidCastException or NotSupportedException or ArgumentException => new(
            QueryFailure.Database, "The database's answer cannot be read.", null, exception),
        _ => null,
    };

    private static QueryFailedException Lost(Exception exception) => new(QueryFailure.ConnectionLost, "The connection to the database broke.", null, exception);
}
