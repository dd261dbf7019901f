using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Authorization;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>The token carries a permission. Requirement and handler in one: the claim is all there is to look at.</summary>
internal sealed class PermissionRequirement(string permission) : AuthorizationHandler<PermissionRequirement>, IAuthorizationRequirement
{
    public string Permission { get; } = permission;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        if (context.User.HasClaim(PlatformClaims.Permission, requirement.Permission))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    public override string ToString() => Permission;
}
