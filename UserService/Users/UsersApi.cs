using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.UserService.Users;

internal static class UsersApi
{
    public const string Route = "/api/users";

    public static void MapUsersApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(Route).WithTags("Users").RequireAuthorization();
        group.MapGet("/", ListUsers.HandleAsync).WithName("ListUsers").RequirePermission(Permissions.UsersRead);
        group.MapPost("/", CreateUser.HandleAsync).WithName("CreateUser").RequirePermission(Permissions.UsersManage);
        group.MapGet("/{id:guid}", GetUser.HandleAsync).WithName("GetUser").RequirePermission(Permissions.UsersRead);
        group.MapPatch("/{id:guid}", UpdateUser.HandleAsync).WithName("UpdateUser").RequirePermission(Permissions.UsersManage);

        // A person's own profile: the row is that of the token, so there is nothing to permit.
        group.MapGet("/me", GetMe.HandleAsync).WithName("GetMe");
        group.MapPatch("/me", UpdateMe.HandleAsync).WithName("UpdateMe");
    }
}
