using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Sql;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Queries;

/// <summary>One statement, and how much of its answer is wanted.</summary>
/// <param name="Query">The statement, at most 100 KiB.</param>
/// <param name="Parameters">Values for its places: an array for <c>$1</c> (PostgreSQL), <c>?</c> (MySQL), <c>@p1</c> (SQL Server), an object for <c>:name</c> and <c>@name</c>.</param>
/// <param name="MaxRows">The most rows, 1 to 10,000; more when the answer is streamed.</param>
/// <param name="TimeoutMs">The most milliseconds, 1 to 30,000; more when the answer is streamed.</param>
public sealed record RunQueryRequest(
    [Required(ErrorMessage = "query must be one statement.")] string? Query,
    JsonElement? Parameters = null,
    int? MaxRows = null,
    int? TimeoutMs = null);

/// <summary>The rows.</summary>
/// <param name="Columns">Their columns, with the database's own names of types.</param>
/// <param name="Rows">Each row as an array.</param>
/// <param name="RowCount">How many there are; for a statement that writes and returns none: how many it changed.</param>
/// <param name="Truncated">There is more: rows were left out, or a long value was cut.</param>
/// <param name="ElapsedMs">How long the database took, in milliseconds, without connecting.</param>
internal sealed record RunQueryResponse(IReadOnlyList<ResultColumn> Columns, IReadOnlyList<IReadOnlyList<JsonElement>> Rows, long RowCount, bool Truncated, long ElapsedMs);

internal static partial class RunQuery
{
    public const int MaxQueryBytes = 100 * 1024;

    public static async Task<IResult> HandleAsync(
        Guid id, RunQueryRequest request, HttpContext http, UsersDbContext db, AccessDecider decider, CurrentUser caller, SecretProtector protector,
        ProfileConnector connector, QueryRunner runner, QueryLimit limit, QueryAudit audit, IOptions<QueryOptions> options, ILogger<QueryRunner> logger, CancellationToken cancellationToken)
    {
        var streams = http.Request.GetTypedHeaders().Accept.Any(accept => accept.MediaType.Equals(StreamedResult.MediaType, StringComparison.OrdinalIgnoreCase));
        var bounds = QueryBounds.Of(options.Value, streams);
        if (bounds.Refuse(request) is { } invalid)
        {
            return invalid;
        }

        if (await ConnectionAccess.FindUsableAsync(db, decider, id, Permissions.DbQuery, cancellationToken) is not { } profile)
        {
            await audit.DeniedAsync(QueryAudit.Action, id, request.Query!);
            return ConnectionProblems.NotFound();
        }

        var record = audit.Begin(QueryAudit.Action, profile, request.Query!);
        using var place = limit.Take(caller.Id, out var ownFault);
        if (place is null)
        {
            return await QueryProblems.BusyAsync(http, record, ownFault, options.Value);
        }

        await using var stream = streams ? new StreamedResult(http.Response) : null;
        using var buffer = streams ? null : new BufferedResult();
        try
        {
            var mayWrite = !profile.ReadOnly && decider.Decide(Permissions.DbQueryWrite, profile.Resource).Allowed;
            var statement = connector.EngineOf(profile.DatabaseType).Screen(request.Query!, mayWrite);
            record.Statement = statement;
            var order = new QueryOrder(statement, request.Parameters, bounds.Rows(request), bounds.Limits, bounds.Timeout(request));
            var summary = await runner.RunAsync(profile.ToTarget(protector), order, (IRowSink?)stream ?? buffer!, cancellationToken);
            await record.SucceededAsync(summary);
            if (stream is not null)
            {
                await stream.EndAsync(summary, cancellationToken);
                return Results.Empty;
            }

            return Results.Bytes(buffer!.Complete(summary), "application/json; charset=utf-8");
        }
        catch (Exception exception) when (QueryProblems.Of(exception) is not null)
        {
            var problem = QueryProblems.Of(exception)!;
            if (exception is QueryFailedException { Failure: QueryFailure.Database, SqlState: null })
            {
                LogUnreadable(logger, profile.Id, exception);
            }

            await record.FailedAsync(exception, problem);
            if (stream is { HasBegun: true })
            {
                await stream.EndAsync(problem.Status, problem.Detail, problem.SqlState, cancellationToken);
                return Results.Empty;
            }

            return problem.ToResult();
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested)
        {
            await record.FailedAsync(exception, new(StatusCodes.Status499ClientClosedRequest, "The client left."));
            throw;
        }
    }

    [LoggerMessage(60, LogLevel.Error, "The answer of the database of connection profile {Profile} cannot be read")]
    private static partial void LogUnreadable(ILogger logger, Guid profile, Exception exception);

    /// <summary>How much may be asked for, buffered or streamed.</summary>
    private sealed record QueryBounds(int MaxRows, long MaxBytes, int MaxCell, int MaxMilliseconds, int DefaultMilliseconds)
    {
        public CellLimits Limits => new(MaxCell, MaxBytes);

        public static QueryBounds Of(QueryOptions options, bool streams) => streams
            ? new(options.StreamMaxRows, options.StreamMaxMegabytes * 1024L * 1024, options.MaxCell, options.StreamMaxSeconds * 1000, options.DefaultSeconds * 1000)
            : new(options.MaxRows, options.MaxMegabytes * 1024L * 1024, options.MaxCell, options.MaxSeconds * 1000, options.DefaultSeconds * 1000);

        public int Rows(RunQueryRequest request) => request.MaxRows ?? MaxRows;

        public TimeSpan Timeout(RunQueryRequest request) => TimeSpan.FromMilliseconds(request.TimeoutMs ?? Math.Min(DefaultMilliseconds, MaxMilliseconds));

        public ValidationProblem? Refuse(RunQueryRequest request) =>
            string.IsNullOrWhiteSpace(request.Query) || Encoding.UTF8.GetByteCount(request.Query) > MaxQueryBytes
                ? ProblemExtensions.Invalid("query", $"query must be one statement of at most {MaxQueryBytes / 1024} KiB.")
            : request.MaxRows is < 1 || request.MaxRows > MaxRows ? ProblemExtensions.Invalid("max_rows", $"max_rows must be 1 to {MaxRows}.")
            : request.TimeoutMs is < 1 || request.TimeoutMs > MaxMilliseconds ? ProblemExtensions.Invalid("timeout_ms", $"timeout_ms must be 1 to {MaxMilliseconds}.")
            : !StatementParameters.AreGood(request.Parameters)
                ? ProblemExtensions.Invalid("parameters", $"parameters must be an array or an object of at most {StatementParameters.Max} values: text, numbers, true, false, null, and arrays of them.")
            : null;
    }
}
