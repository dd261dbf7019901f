using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.UserService.Access;

internal static class PermissionsApi
{
    public const string Route = "/api/permissions";

    public static void MapPermissionsApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(Route).WithTags("Permissions").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        group.MapGet("/", ListPermissions.HandleAsync).WithName("ListPermissions");
        group.MapGet("/me", GetMyPermissions.HandleAsync).WithName("GetMyPermissions").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapGet("/roles", ListRoles.HandleAsync).WithName("ListRoles")
            .RequirePermission(Permissions.PermissionsManage);
        group.MapPut("/users/{id:guid}/roles", SetUserRoles.HandleAsync).WithName("SetUserRoles")
            .RequirePermission(Permissions.PermissionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }
}
