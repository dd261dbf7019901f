using System.Globalization;
using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Queries.Engines;

internal static class SqlServerErrors
{
    // From this severity on the server closes the connection.
    private const byte Fatal = 20;

    /// <summary>What the driver threw, as it is told; null for what is none of its business. SQL Server has numbers where others have SQLSTATEs.</summary>
    public static QueryFailedException? Translate(Exception exception) => exception switch
    {
        SqlException { Number: -2 } => QueryFailedException.TimedOut(exception),
        SqlException { Class: < Fatal, Number: > 0 } error => new(
            QueryFailure.Database, error.Errors.Count > 0 ? error.Errors[0].Message : error.Message, error.Number.ToString(CultureInfo.InvariantCulture), error),
        SqlException or IOException or ObjectDisposedException => new(QueryFailure.ConnectionLost, "The connection to the database broke.", null, exception),
        InvalidOperationException or InvalidCastException or NotSupportedException or FormatException or OverflowException or ArgumentException => new(
            QueryFailure.Database, "The database's answer cannot be read.", null, exception),
        _ => null,
    };
}
