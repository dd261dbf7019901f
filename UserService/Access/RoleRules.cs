using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>What a role looks like to those who manage roles.</summary>
internal sealed record RoleResponse(string Name, string Description, bool IsBuiltIn, IReadOnlyList<string> Permissions)
{
    public static RoleResponse From(Role role) => new(
        role.Name, role.Description, role.IsBuiltIn, [.. role.Permissions.Select(permission => permission.PermissionName).Order(StringComparer.Ordinal)]);
}

/// <summary>What the use cases of roles have in common.</summary>
internal static class RoleRules
{
    /// <summary>All of them travel in the policy.</summary>
    public const int MaxRoles = 500;

    /// <summary>Reads a role with its permissions, for change; null when there is none.</summary>
    public static async Task<Role?> FindRoleAsync(this UsersDbContext db, string name, CancellationToken cancellationToken) => Slugs.IsSlug(name)
        ? await db.Roles.Include(role => role.Permissions).SingleOrDefaultAsync(role => role.Name == name, cancellationToken)
        : null;

    public static ProblemHttpResult NotFound() =>
        ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no role of this name: GET /api/permissions/roles lists those that there are.");

    public static ProblemHttpResult BuiltIn(string name) =>
        ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"The role '{name}' is built in and cannot be changed or deleted: define a role of your own.");

    /// <summary>A request named permissions that do not exist.</summary>
    /// <returns>Null when all do.</returns>
    public static ValidationProblem? Unknown(IEnumerable<string?> permissions)
    {
        var unknown = permissions.Where(name => name is null || !Permissions.Catalogue.ContainsKey(name)).Select(name => $"'{name}'").Distinct().ToList();
        return unknown.Count == 0
            ? null
            : ProblemExtensions.Invalid("permissions", $"There is no permission {string.Join(", ", unknown.Take(5))}: GET /api/permissions lists those that there are.");
    }

    /// <summary>Makes the role hold these and no others.</summary>
    public static void SetPermissions(this UsersDbContext db, Role role, IReadOnlySet<string> wanted)
    {
        var held = role.Permissions.ToDictionary(permission => permission.PermissionName);
        db.RemoveRange(held.Values.Where(row => !wanted.Contains(row.PermissionName)));
        foreach (var permission in wanted.Where(permission => !held.ContainsKey(permission)))
        {
            role.Permissions.Add(new RolePermission { RoleName = role.Name, PermissionName = permission });
        }
    }

    /// <summary>The change concerns more users than one transaction may.</summary>
    /// <returns>Null when it does not.</returns>
    public static ProblemHttpResult? TooMany(int users) => users <= PublishGrants.MaxUsers
        ? null
        : ProblemExtensions.Problem(
            StatusCodes.Status409Conflict,
            $"This would change the grants of {users} users at once, but at most {PublishGrants.MaxUsers} may be: make a second role and move the users to it in parts.");
}

/// <summary>A description, wherever there is one.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class DescriptionTextAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is null or string { Length: <= RoleConfiguration.MaxDescriptionLength } && value?.ToString()?.Any(char.IsControl) != true;

    public override string FormatErrorMessage(string name) => "description may have at most 256 characters, and no control characters.";
}
