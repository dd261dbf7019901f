using System.Diagnostics;
using System.Globalization;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Sql;

namespace McpPlatform.UserService.Queries;

/// <summary>Puts on record what is asked of databases: who, through which profile, the statement without the values in it, and how it ended.</summary>
internal sealed class QueryAudit(UsersDbContext db, ActivityLog activities)
{
    public const string Action = "db.query", SchemaAction = "db.schema";

    public QueryRecord Begin(string action, ConnectionProfile profile, string? query = null) => new(this, action, profile.Resource.Name, profile.Id, query);

    /// <summary>Somebody asked for a profile that there is not, or not for them.</summary>
    public Task DeniedAsync(string action, Guid id, string? query = null) =>
        new QueryRecord(this, action, id.ToString(), id, query).DeniedAsync(new(StatusCodes.Status404NotFound, "not found"));

    public async Task WriteAsync(string action, string outcome, string target, double elapsed, Dictionary<string, string> details)
    {
        db.AddToOutbox(activities.Create(action, outcome, "connection", target) with { DurationMs = elapsed, Details = details });

        // Also when the client has left: that it asked is on record.
        await db.SaveChangesAsync(CancellationToken.None);
    }
}

/// <summary>The record of one query, or of one look at a schema.</summary>
internal sealed class QueryRecord(QueryAudit audit, string action, string target, Guid connectionId, string? query)
{
    private readonly long started = Stopwatch.GetTimestamp();

    /// <summary>Set as soon as it was read.</summary>
    public Statement? Statement { get; set; }

    public Task SucceededAsync(QuerySummary summary) => SucceededAsync(
        ("rows", summary.RowCount.ToString(CultureInfo.InvariantCulture)), ("truncated", summary.Truncated ? "true" : "false"));

    public Task SucceededAsync(params (string Key, string Value)[] results)
    {
        var details = Details();
        foreach (var (key, value) in results)
        {
            details[key] = value;
        }

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
        audit.WriteAsync(action, outcome, target, Stopwatch.GetElapsedTime(started).TotalMilliseconds, details);

    private Dictionary<string, string> Details()
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal) { ["connection_id"] = connectionId.ToString() };
        if (query is not null)
        {
            details["query_sha256"] = Statement.Fingerprint(query);
        }

        if (Statement is { } statement)
        {
            details["kind"] = statement.Kind;
            details["statement"] = statement.Shape();
        }

        return details;
    }
}
