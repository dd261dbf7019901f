using System.ComponentModel.DataAnnotations;
using System.Data;
using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Decisions;

/// <summary>What would be if a role were changed to this.</summary>
/// <param name="Name">Plays no part.</param>
/// <param name="Description">Plays no part.</param>
/// <param name="Permissions">All that the role would hold.</param>
/// <param name="Resources">For which resources decisions are compared; those that rules and teams name when left out.</param>
public sealed record PreviewRoleRequest(
    string? Name,
    string? Description,
    [Required(ErrorMessage = "permissions must be a list of names of permissions.")]
    [MaxLength(100, ErrorMessage = "permissions may name at most 100 permissions.")]
    IReadOnlyList<string?>? Permissions,
    [MaxLength(AccessPreview.MaxResources, ErrorMessage = AccessPreview.ResourcesSentence)]
    IReadOnlyList<string?>? Resources);

internal static class PreviewRole
{
    public static async Task<Results<Ok<PreviewResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        string name, PreviewRoleRequest request, UsersDbContext db, CancellationToken cancellationToken)
    {
        if ((RoleRules.Unknown(request.Permissions!) ?? AccessPreview.Refuse(request.Resources)) is { } invalid)
        {
            return invalid;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var before = await db.LoadAccessPolicyAsync(cancellationToken) ?? throw new AccessPolicyMissingException();
        if (await db.FindRoleAsync(name, cancellationToken) is not { } role)
        {
            return RoleRules.NotFound();
        }

        if (role.IsBuiltIn)
        {
            return RoleRules.BuiltIn(name);
        }

        string[] permissions = [.. request.Permissions!.OfType<string>().Distinct(StringComparer.Ordinal)];
        var after = before with { Roles = [.. before.Roles.Where(one => one.Name != name), new PolicyRole(name, permissions)] };
        return TypedResults.Ok(await AccessPreview.CompareAsync(db, before, after, db.HoldersOf(name), request.Resources, cancellationToken));
    }
}
