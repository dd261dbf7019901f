using System.Diagnostics;
using System.Globalization;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Sql;

namespace McpPlatform.UserService.Queries;

/// <summary>Puts every query on record: who, through which profile, the statement without the values in it, and how it ended.</summary>
internal sealed class QueryAudit(UsersDbContext db, ActivityLog activities)
{
    public const string Action = "db.query";

    public QueryRecord Begin(ConnectionProfile profile, string query) => new(this, profile.Resource.Name, profile.Id, query);

    /// <summary>Somebody asked for a profile that there is not, or not for them.</summary>
    public Task DeniedAsync(Guid id, string query, string reason) => new QueryRecord(this, id.ToString(), id, query).DeniedAsync(new(StatusCodes.Status404NotFound, reason));

    public async Task WriteAsync(string outcome, string target, double elapsed, Dictionary<string, string> details)
    {
        db.AddToOutbox(activities.Create(Action, outcome, "connection", target) with { DurationMs = elapsed, Details = details });

        // Also when the client has left: that it asked is on record.
        await db.SaveChangesAsync(CancellationToken.None);
    }
}

/// <summary>The record of one query.</summary>
internal sealed class QueryRecord(QueryAudit audit, string target, Guid connectionId, string query)
{
    private readonly long started = Stopwatch.GetTimestamp();

    /// <summary>Set as soon as it was read.</summary>
    public Statement? Statement { get; set; }

    public Task SucceededAsync(QuerySummary summary)
    {
        var details = Details();
        details["rows"] = summary.RowCount.ToString(CultureInfo.InvariantCulture);
        details["truncated"] = summary.Truncated ? "true" : "false";
        return WriteAsync(ActivityOutcomes.Succeeded, details);
    }

    public Task FailedAsync(Exception exception, QueryProblem problem) =>
        exception is StatementRefusedException or ConnectFailedException { Failure: ConnectFailure.NotAllowed } ? DeniedAsync(problem) : EndAsync(ActivityOutcomes.Failed, problem);

    public Task DeniedAsync(QueryProblem problem) => EndAsync(ActivityOutcomes.Denied, problem);

    private Task EndAsync(string outcome, QueryProblem problem)
    {
        var details = Details();
        details["status"] = problem.Status.ToString(CultureInfo.InvariantCulture);
        if (problem.SqlState is not null)
        {
            // The message may quote a value; the code may not.
            details["sql_state"] = problem.SqlState;
        }
        else
        {
            details["reason"] = problem.Detail;
        }

        return WriteAsync(outcome, details);
    }

    private Task WriteAsync(string outcome, Dictionary<string, string> details) =>
        audit.WriteAsync(outcome, target, Stopwatch.GetElapsedTime(started).TotalMilliseconds, details);

    private Dictionary<string, string> Details()
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["connection_id"] = connectionId.ToString(), ["query_sha256"] = Statement.Fingerprint(query),
        };
        if (Statement is { } statement)
        {
            details["kind"] = statement.Kind;
            details["statement"] = statement.Shape();
        }

        return details;
    }
}
