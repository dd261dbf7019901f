using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Access;

internal static class RoleNames
{
    /// <summary>A request named roles that do not exist.</summary>
    public static ValidationProblem Unknown(IEnumerable<string> names) => ProblemExtensions.Invalid(
        "roles", $"There is no role {string.Join(", ", names.Order(StringComparer.Ordinal).Select(name => $"'{name}'"))}: GET /api/permissions/roles lists those that there are.");
}
