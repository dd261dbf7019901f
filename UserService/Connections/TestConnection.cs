using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Globalization;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries.Engines;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Connections;

/// <summary>A connection to try. What a profile has and a connection does not need is taken and not looked at.</summary>
/// <param name="DatabaseType"><c>postgresql</c>, <c>mysql</c> or <c>sqlserver</c>.</param>
/// <param name="Host">A host name or an IP address.</param>
/// <param name="Database">The database to connect to.</param>
/// <param name="Username">As whom.</param>
/// <param name="Password">Is not kept.</param>
/// <param name="Port">Left out: the usual one of the database type.</param>
/// <param name="SslMode"><c>disable</c>, <c>prefer</c>, <c>require</c>, <c>verify_ca</c> or <c>verify_full</c>.</param>
/// <param name="Name">Not needed.</param>
/// <param name="ReadOnly">Not needed.</param>
/// <param name="SharedWithRoles">Not needed.</param>
public sealed record TestConnectionRequest(
    [Required(ErrorMessage = ConnectionRules.Types), OneOf("postgresql", "mysql", "sqlserver", ErrorMessage = ConnectionRules.Types)] string? DatabaseType,
    [Required(ErrorMessage = ConnectionRules.Host), Host(ErrorMessage = ConnectionRules.Host)] string? Host,
    [Required(ErrorMessage = ConnectionRules.Database), Text(1, 128, ErrorMessage = ConnectionRules.Database)] string? Database,
    [Required(ErrorMessage = ConnectionRules.Username), Text(1, 128, ErrorMessage = ConnectionRules.Username)] string? Username,
    [Text(0, 1024, ErrorMessage = ConnectionRules.Password)] string? Password = null,
    [Range(1, 65535, ErrorMessage = ConnectionRules.Port)] int? Port = null,
    [OneOf("disable", "prefer", "require", "verify_ca", "verify_full", ErrorMessage = ConnectionRules.SslModes)] string? SslMode = null,
    string? Name = null,
    bool? ReadOnly = null,
    IReadOnlyList<string>? SharedWithRoles = null);

/// <summary>What came of it.</summary>
/// <param name="Ok">Whether there was a connection.</param>
/// <param name="LatencyMs">How long it took to open it or to fail, in milliseconds.</param>
/// <param name="ServerVersion">Such as <c>PostgreSQL 15.18</c>; null without a connection.</param>
/// <param name="Error">One sentence; null with a connection.</param>
internal sealed record TestConnectionResponse(bool Ok, long LatencyMs, string? ServerVersion, string? Error);

internal static class TestConnection
{
    public static Task<Results<Ok<TestConnectionResponse>, ProblemHttpResult>> HandleAsync(
        TestConnectionRequest request, ConnectionTest test, CancellationToken cancellationToken)
    {
        var type = Names.Parse<DatabaseType>(request.DatabaseType!);
        var target = new ConnectionTarget(
            type, ConnectionRules.CanonicalHost(request.Host!)!, request.Port ?? ConnectionRules.DefaultPort(type), request.Database!, request.Username!,
            request.Password ?? string.Empty, Names.Parse<SslMode>(request.SslMode ?? "prefer"));
        return test.RunAsync(target, $"{target.Host}:{target.Port}", cancellationToken);
    }

    /// <summary>The same for a profile, for who may use it.</summary>
    public static async Task<Results<Ok<TestConnectionResponse>, ProblemHttpResult>> HandleSavedAsync(
        Guid id, UsersDbContext db, AccessDecider decider, SecretProtector protector, ConnectionTest test, CancellationToken cancellationToken)
    {
        if (await ConnectionAccess.FindVisibleAsync(db, decider, id, cancellationToken) is not { } profile)
        {
            return ConnectionProblems.NotFound();
        }

        try
        {
            return await test.RunAsync(profile.ToTarget(protector), profile.Resource.Name, cancellationToken);
        }
        catch (SecretUnreadableException)
        {
            return ConnectionProblems.Unreadable();
        }
    }
}

/// <summary>Opens a connection and closes it, for one request. It is on record, since it reaches out to where somebody points.</summary>
internal sealed class ConnectionTest(
    ProfileConnector connector, TestLimit limit, UsersDbContext db, CurrentUser caller, ActivityLog activities, IHttpContextAccessor http)
{
    public async Task<Results<Ok<TestConnectionResponse>, ProblemHttpResult>> RunAsync(ConnectionTarget target, string name, CancellationToken cancellationToken)
    {
        if (await limit.TakeAsync(caller.Id) is { } wait)
        {
            http.HttpContext!.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            return ProblemExtensions.Problem(
                StatusCodes.Status429TooManyRequests, $"Connections may be tested {TestLimit.PerMinute} times a minute: wait as long as the Retry-After header says.");
        }

        var (response, failure) = await TryAsync(target, cancellationToken);
        db.AddToOutbox(activities.Create(
            "db.connections.test", failure == ConnectFailure.NotAllowed ? ActivityOutcomes.Denied : response.Ok ? ActivityOutcomes.Succeeded : ActivityOutcomes.Failed,
            ConnectionValues.Target, name) with
        {
            Details = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["address"] = $"{target.Host}:{target.Port}", ["result"] = failure is { } reason ? Names.Of(reason) : "connected",
            },
        });
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(response);
    }

    private async Task<(TestConnectionResponse Response, ConnectFailure? Failure)> TryAsync(ConnectionTarget target, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await using var session = await connector.OpenAsync(target, cancellationToken);
            return (new(true, Elapsed(started), session.ServerVersion, null), null);
        }
        catch (ConnectFailedException exception)
        {
            return (new(false, Elapsed(started), null, exception.Message), exception.Failure);
        }
    }

    private static long Elapsed(long started) => (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds;
}
