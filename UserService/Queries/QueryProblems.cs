using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Sql;

namespace McpPlatform.UserService.Queries;

/// <summary>An expected end of a query that is not its rows.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">One sentence, or the database's own primary message.</param>
/// <param name="SqlState">The database's code.</param>
internal sealed record QueryProblem(int Status, string Detail, string? SqlState = null)
{
    public IResult ToResult() => SqlState is null
        ? ProblemExtensions.Problem(Status, Detail)
        : TypedResults.Problem(Detail, statusCode: Status, extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["sql_state"] = SqlState });
}

internal static class QueryProblems
{
    /// <summary>What the exceptions of queries mean; null for any other.</summary>
    public static QueryProblem? Of(Exception exception) => exception switch
    {
        StatementRefusedException => new(StatusCodes.Status422UnprocessableEntity, exception.Message),
        QueryFailedException { Failure: QueryFailure.TimedOut } => new(StatusCodes.Status504GatewayTimeout, exception.Message),
        QueryFailedException { Failure: QueryFailure.ConnectionLost } => new(StatusCodes.Status502BadGateway, exception.Message),
        QueryFailedException failed => new(StatusCodes.Status422UnprocessableEntity, exception.Message, failed.SqlState),
        ConnectFailedException { Failure: ConnectFailure.NotAllowed } => new(StatusCodes.Status422UnprocessableEntity, exception.Message),
        ConnectFailedException { Failure: ConnectFailure.TimedOut } => new(StatusCodes.Status504GatewayTimeout, exception.Message),
        ConnectFailedException => new(StatusCodes.Status502BadGateway, exception.Message),
        SecretUnreadableException => new(
            StatusCodes.Status422UnprocessableEntity, "The stored password of this connection profile cannot be decrypted: its owner must enter it again."),
        _ => null,
    };

    public static async Task<IResult> BusyAsync(HttpContext http, QueryRecord record, bool ownFault, QueryOptions options)
    {
        var problem = ownFault
            ? new QueryProblem(StatusCodes.Status429TooManyRequests, $"You have {options.PerUser} queries under way, which is the most: wait until one has ended.")
            : new QueryProblem(StatusCodes.Status503ServiceUnavailable, "As many queries are under way as can be: try again in a moment.");
        await record.DeniedAsync(problem);
        http.Response.Headers.RetryAfter = "1";
        return problem.ToResult();
    }
}
