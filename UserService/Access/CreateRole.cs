using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>A new role.</summary>
/// <param name="Name">Small letters and digits with single - . _ between them; it cannot be changed later.</param>
/// <param name="Description">What the role is for.</param>
/// <param name="Permissions">Names of permissions; may be empty.</param>
public sealed record CreateRoleRequest(
    [Required(ErrorMessage = "name is required.")]
    [StringLength(Slugs.MaxLength, ErrorMessage = Slugs.Sentence)]
    [RegularExpression(Slugs.Pattern, ErrorMessage = Slugs.Sentence)]
    string? Name,
    [DescriptionText]
    string? Description,
    [Required(ErrorMessage = "permissions must be a list of names of permissions.")]
    [MaxLength(100, ErrorMessage = "permissions may name at most 100 permissions.")]
    IReadOnlyList<string?>? Permissions);

internal static class CreateRole
{
    private const string Action = "roles.create";

    public static async Task<Results<Created<RoleResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        CreateRoleRequest request, UsersDbContext db, AccessChange change, EscalationGuard guard, ActivityLog activities, CancellationToken cancellationToken)
    {
        if (RoleRules.Unknown(request.Permissions!) is { } unknown)
        {
            return unknown;
        }

        var name = request.Name!;
        var permissions = request.Permissions!.OfType<string>().ToHashSet(StringComparer.Ordinal);
        await change.BeginAsync(cancellationToken);
        if (await guard.RefuseAsync(new RoleGrants([name], [.. permissions.Order(StringComparer.Ordinal)]), Action, name, cancellationToken, "role") is { } refusal)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        if (await db.Roles.AnyAsync(role => role.Name == name, cancellationToken))
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"There is a role '{name}' already.");
        }

        if (await db.Roles.CountAsync(cancellationToken) >= RoleRules.MaxRoles)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"There are {RoleRules.MaxRoles} roles already, and there may be no more.");
        }

        var role = new Role { Name = name, Description = request.Description ?? string.Empty, IsBuiltIn = false };
        db.Add(role);
        db.SetPermissions(role, permissions);
        var response = RoleResponse.From(role);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "role", name, newValues: new { response.Description, response.Permissions }));
        await change.CommitAsync([], cancellationToken);
        return TypedResults.Created($"{PermissionsApi.Route}/roles/{name}", response);
    }
}
