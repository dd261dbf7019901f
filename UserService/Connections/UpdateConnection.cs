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
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using SslMode = McpPlatform.UserService.Queries.Engines.SslMode;

namespace McpPlatform.UserService.Connections;

/// <summary>What changes in a profile; what is left out stays.</summary>
/// <param name="Name">Unique among the caller's own.</param>
/// <param name="DatabaseType"><c>postgresql</c>, <c>mysql</c> or <c>sqlserver</c>; needs the password again.</param>
/// <param name="Host">A host name or an IP address; needs the password again.</param>
/// <param name="Port">Needs the password again.</param>
/// <param name="Database">The database to connect to.</param>
/// <param name="Username">As whom; needs the password again.</param>
/// <param name="Password">Never shown again.</param>
/// <param name="SslMode"><c>disable</c>, <c>prefer</c>, <c>require</c>, <c>verify_ca</c> or <c>verify_full</c>.</param>
/// <param name="ReadOnly">False allows writing to those who hold db.query.write.</param>
/// <param name="SharedWithRoles">All roles that shall share it: what is not named ends.</param>
public sealed record UpdateConnectionRequest(
    [ConnectionName(ErrorMessage = ConnectionRules.Name)] string? Name = null,
    [OneOf("postgresql", "mysql", "sqlserver", ErrorMessage = ConnectionRules.Types)] string? DatabaseType = null,
    [Host(ErrorMessage = ConnectionRules.Host)] string? Host = null,
    [Range(1, 65535, ErrorMessage = ConnectionRules.Port)] int? Port = null,
    [Text(1, 128, ErrorMessage = ConnectionRules.Database)] string? Database = null,
    [Text(1, 128, ErrorMessage = ConnectionRules.Username)] string? Username = null,
    [Text(0, 1024, ErrorMessage = ConnectionRules.Password)] string? Password = null,
    [OneOf("disable", "prefer", "require", "verify_ca", "verify_full", ErrorMessage = ConnectionRules.SslModes)] string? SslMode = null,
    bool? ReadOnly = null,
    [MaxLength(ConnectionProfileConfiguration.MaxSharedRoles, ErrorMessage = ConnectionRules.Roles)] IReadOnlyList<string>? SharedWithRoles = null);

internal static class UpdateConnection
{
    private const string Action = "db.connections.update";

    public static async Task<Results<Ok<ConnectionResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Guid id, UpdateConnectionRequest request, UsersDbContext db, CurrentUser caller, AccessDecider decider, OutboundGuard guard, SecretProtector protector,
        ActivityLog activities, TimeProvider time, CancellationToken cancellationToken)
    {
        // Names are looked up before the row is locked: they may take their time.
        if (await ConnectionAccess.FindVisibleAsync(db, decider, id, cancellationToken) is { } seen && seen.OwnerId == caller.Id
            && Apply(request, seen.Settings) is var wanted && (wanted.Host, wanted.Port) != (seen.Host, seen.Port)
            && await guard.RefuseAddressAsync(wanted, cancellationToken) is { } refused)
        {
            return refused;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockOwnAsync(decider, id, caller.Id, cancellationToken) is not { } profile)
        {
            return await ConnectionProblems.NotOwnAsync(db, decider, activities, Action, id, cancellationToken);
        }

        var (before, settings) = (ConnectionValues.Of(profile), Apply(request, profile.Settings));

        // Else the password could be sent to a server of whoever has got hold of the owner's session.
        if (request.Password is null && !settings.IsSameLogin(profile.Settings))
        {
            return ProblemExtensions.Invalid("password", "A change of database_type, host, port or username needs the password too: the stored one is for the login that it was given for.");
        }

        var roles = await RoleGrants.LoadAsync(db, request.SharedWithRoles ?? profile.SharedWithRoles, cancellationToken);
        if ((request.SharedWithRoles ?? []).Except(roles.Roles, StringComparer.Ordinal).ToList() is { Count: > 0 } unknown)
        {
            return ConnectionProblems.UnknownRoles(unknown);
        }

        profile.Change(settings, time.GetUtcNow());
        profile.ShareWith(roles.Roles);
        if (request.Password is not null)
        {
            profile.SetPassword(protector, request.Password);
        }

        // Under its new name another rule may hold.
        if (!decider.Decide(Permissions.DbConnectionsManage, profile.Resource).Allowed)
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, $"A rule keeps you from having {profile.Resource}.");
        }

        db.AddToOutbox(activities.Create(
            Action, ActivityOutcomes.Succeeded, ConnectionValues.Target, profile.Resource.Name, before,
            ConnectionValues.Of(profile) with { PasswordChanged = request.Password is not null }));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return ConnectionProblems.NameTaken(profile.Name);
        }

        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(ConnectionResponse.For(caller, profile));
    }

    private static ConnectionSettings Apply(UpdateConnectionRequest request, ConnectionSettings settings) => new(
        request.Name ?? settings.Name,
        request.DatabaseType is { } type ? Names.Parse<DatabaseType>(type) : settings.DatabaseType,
        request.Host is { } host ? ConnectionRules.CanonicalHost(host)! : settings.Host,
        request.Port ?? settings.Port,
        request.Database ?? settings.Database,
        request.Username ?? settings.Username,
        request.SslMode is { } mode ? Names.Parse<SslMode>(mode) : settings.SslMode,
        request.ReadOnly ?? settings.ReadOnly);
}
