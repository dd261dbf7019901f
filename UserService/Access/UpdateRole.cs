using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>All that a role shall be: permissions that are not named are taken away.</summary>
/// <param name="Name">The role's name, as in the address; may be left out.</param>
/// <param name="Description">What the role is for.</param>
/// <param name="Permissions">Names of permissions; may be empty.</param>
public sealed record UpdateRoleRequest(
    string? Name,
    [DescriptionText]
    string? Description,
    [Required(ErrorMessage = "permissions must be a list of names of permissions.")]
    [MaxLength(100, ErrorMessage = "permissions may name at most 100 permissions.")]
    IReadOnlyList<string?>? Permissions);

internal static class UpdateRole
{
    private const string Action = "roles.update";

    public static async Task<Results<Ok<RoleResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        string name, UpdateRoleRequest request, UsersDbContext db, AccessChange change, EscalationGuard guard, ActivityLog activities, CancellationToken cancellationToken)
    {
        if (request.Name is not null && request.Name != name)
        {
            return ProblemExtensions.Invalid("name", "name cannot be changed: make a role of the new name, and delete this one.");
        }

        if (RoleRules.Unknown(request.Permissions!) is { } unknown)
        {
            return unknown;
        }

        await change.BeginAsync(cancellationToken);
        if (await db.FindRoleAsync(name, cancellationToken) is not { } role)
        {
            return RoleRules.NotFound();
        }

        if (role.IsBuiltIn)
        {
            return RoleRules.BuiltIn(name);
        }

        var before = RoleResponse.From(role);
        var wanted = request.Permissions!.OfType<string>().ToHashSet(StringComparer.Ordinal);
        var touched = new RoleGrants([name], [.. wanted.Union(before.Permissions).Order(StringComparer.Ordinal)]);
        if (await guard.RefuseAsync(touched, Action, name, cancellationToken, "role") is { } refusal)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        List<Guid> users = wanted.SetEquals(before.Permissions) ? [] : await db.HoldersOf(name).ToListAsync(cancellationToken);
        if (RoleRules.TooMany(users.Count) is { } tooMany)
        {
            return tooMany;
        }

        role.Description = request.Description ?? string.Empty;
        db.SetPermissions(role, wanted);
        await db.SaveChangesAsync(cancellationToken);
        var after = RoleResponse.From(role);
        if (after.Description == before.Description && users.Count == 0 && wanted.SetEquals(before.Permissions))
        {
            return TypedResults.Ok(after);
        }

        db.AddToOutbox(activities.Create(
            Action, ActivityOutcomes.Succeeded, "role", name, new { before.Description, before.Permissions }, new { after.Description, after.Permissions }));
        await change.CommitAsync(users, cancellationToken);
        return TypedResults.Ok(after);
    }
}
