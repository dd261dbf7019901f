using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.UserService.Access;

internal static class PermissionsApi
{
    public const string Route = "/api/permissions";

    public static void MapPermissionsApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(Route).WithTags("Permissions").RequireAuthorization();
        group.MapGet("/", ListPermissions.HandleAsync).WithName("ListPermissions");
        group.MapGet("/me", GetMyPermissions.HandleAsync).WithName("GetMyPermissions");
        group.MapGet("/roles", ListRoles.HandleAsync).WithName("ListRoles")
            .RequirePermission(Permissions.PermissionsManage);
        group.MapPut("/users/{id:guid}/roles", SetUserRoles.HandleAsync).WithName("SetUserRoles")
            .RequirePermission(Permissions.PermissionsManage);
    }
}
