using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.UserService.Users;

internal static class UsersApi
{
    public const string Route = "/api/users";

    public static void MapUsersApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(Route).WithTags("Users").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        group.MapGet("/", ListUsers.HandleAsync).WithName("ListUsers").RequirePermission(Permissions.UsersRead);
        group.MapPost("/", CreateUser.HandleAsync).WithName("CreateUser").RequirePermission(Permissions.UsersManage)
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        group.MapGet("/{id:guid}", GetUser.HandleAsync).WithName("GetUser").RequirePermission(Permissions.UsersRead)
            .ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPatch("/{id:guid}", UpdateUser.HandleAsync).WithName("UpdateUser").RequirePermission(Permissions.UsersManage)
            .ProducesValidationProblem().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

        // A person's own profile: the row is that of the token, so there is nothing to permit.
        group.MapGet("/me", GetMe.HandleAsync).WithName("GetMe").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPatch("/me", UpdateMe.HandleAsync).WithName("UpdateMe").ProducesProblem(StatusCodes.Status404NotFound);
    }
}
