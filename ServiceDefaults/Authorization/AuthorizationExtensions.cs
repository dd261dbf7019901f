using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>Who may call an endpoint.</summary>
public static class AuthorizationExtensions
{
    /// <summary>Only callers whose token carries the permission; 401 without a token, 403 without the permission.</summary>
    /// <typeparam name="TBuilder">A route or a group of routes.</typeparam>
    /// <param name="builder">What is protected.</param>
    /// <param name="permission">One of <see cref="Permissions"/>.</param>
    /// <returns>The same builder.</returns>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(new PermissionRequirement(permission)));
}
