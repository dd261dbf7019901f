using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Users;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using SslMode = McpPlatform.UserService.Queries.Engines.SslMode;

namespace McpPlatform.UserService.Connections;

/// <summary>A connection profile to keep.</summary>
/// <param name="Name">Unique among the caller's own.</param>
/// <param name="DatabaseType"><c>postgresql</c>, <c>mysql</c> (MariaDB too) or <c>sqlserver</c>.</param>
/// <param name="Host">A host name or an IP address.</param>
/// <param name="Database">The database to connect to.</param>
/// <param name="Username">As whom; an account that may only read is the best protection that a database has.</param>
/// <param name="Password">Never shown again.</param>
/// <param name="Port">Left out: the usual one of the database type.</param>
/// <param name="SslMode"><c>disable</c>, <c>prefer</c>, <c>require</c>, <c>verify_ca</c> or <c>verify_full</c>.</param>
/// <param name="ReadOnly">False allows writing to those who hold db.query.write.</param>
/// <param name="SharedWithRoles">Names of roles whose holders may query through the profile; none unless named.</param>
public sealed record CreateConnectionRequest(
    [Required(ErrorMessage = ConnectionRules.Name), ConnectionName(ErrorMessage = ConnectionRules.Name)] string? Name,
    [Required(ErrorMessage = ConnectionRules.Types), OneOf("postgresql", "mysql", "sqlserver", ErrorMessage = ConnectionRules.Types)] string? DatabaseType,
    [Required(ErrorMessage = ConnectionRules.Host), Host(ErrorMessage = ConnectionRules.Host)] string? Host,
    [Required(ErrorMessage = ConnectionRules.Database), Text(1, 128, ErrorMessage = ConnectionRules.Database)] string? Database,
    [Required(ErrorMessage = ConnectionRules.Username), Text(1, 128, ErrorMessage = ConnectionRules.Username)] string? Username,
    [Text(0, 1024, ErrorMessage = ConnectionRules.Password)] string? Password = null,
    [Range(1, 65535, ErrorMessage = ConnectionRules.Port)] int? Port = null,
    [OneOf("disable", "prefer", "require", "verify_ca", "verify_full", ErrorMessage = ConnectionRules.SslModes)] string? SslMode = null,
    bool? ReadOnly = null,
    [MaxLength(ConnectionProfileConfiguration.MaxSharedRoles, ErrorMessage = ConnectionRules.Roles)] IReadOnlyList<string>? SharedWithRoles = null);

internal static class CreateConnection
{
    private const string Action = "db.connections.create";
    private const int MaxPerUser = 500;

    public static async Task<Results<Created<ConnectionResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        CreateConnectionRequest request, UsersDbContext db, CurrentUser caller, AccessDecider decider, OutboundGuard guard, SecretProtector protector,
        ActivityLog activities, TimeProvider time, CancellationToken cancellationToken)
    {
        var roles = await RoleGrants.LoadAsync(db, request.SharedWithRoles ?? [], cancellationToken);
        if ((request.SharedWithRoles ?? []).Except(roles.Roles, StringComparer.Ordinal).ToList() is { Count: > 0 } unknown)
        {
            return ConnectionProblems.UnknownRoles(unknown);
        }

        var settings = Settings(request);
        if (await guard.RefuseAddressAsync(settings, cancellationToken) is { } refused)
        {
            return refused;
        }

        if (await db.Users.Where(user => user.Id == caller.Id).Select(user => user.Username).SingleOrDefaultAsync(cancellationToken) is not { } username)
        {
            return UserNotFound.NoProfileYet();
        }

        if (await db.Connections.CountAsync(profile => profile.OwnerId == caller.Id, cancellationToken) >= MaxPerUser)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"You have {MaxPerUser} connection profiles, which is the most that one user may have: delete one.");
        }

        var profile = ConnectionProfile.Create(caller.Id, username, settings, time.GetUtcNow());
        if (!decider.Decide(Permissions.DbConnectionsManage, profile.Resource).Allowed)
        {
            db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Denied, ConnectionValues.Target, profile.Resource.Name));
            await db.SaveChangesAsync(cancellationToken);
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, $"A rule keeps you from having {profile.Resource}.");
        }

        profile.SetPassword(protector, request.Password ?? string.Empty);
        profile.ShareWith(roles.Roles);
        db.Add(profile);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, ConnectionValues.Target, profile.Resource.Name, newValues: ConnectionValues.Of(profile)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return ConnectionProblems.NameTaken(profile.Name);
        }

        return TypedResults.Created($"{ConnectionsApi.Route}/{profile.Id}", ConnectionResponse.For(caller, profile));
    }

    private static ConnectionSettings Settings(CreateConnectionRequest request)
    {
        var type = Names.Parse<DatabaseType>(request.DatabaseType!);
        return new(
            request.Name!, type, ConnectionRules.CanonicalHost(request.Host!)!, request.Port ?? ConnectionRules.DefaultPort(type), request.Database!,
            request.Username!, Names.Parse<SslMode>(request.SslMode ?? "prefer"), request.ReadOnly ?? true);
    }
}
