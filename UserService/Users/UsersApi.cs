using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Users;

internal static class UsersApi
{
    public const string Route = "/api/users";

    public static void AddUsers(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<UsersOptions>().BindConfiguration(UsersOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<UsersOptions>, UsersOptionsValidator>());
        services.AddScoped<ChangeUser>();
        services.AddSingleton<ForgetDeletedUsers>();
        services.AddHostedService(provider => provider.GetRequiredService<ForgetDeletedUsers>());
    }

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

        group.MapPut("/{id:guid}", ReplaceUser.HandleAsync).WithName("ReplaceUser").RequirePermission(Permissions.UsersManage)
            .ProducesValidationProblem().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id:guid}", DeleteUser.HandleAsync).WithName("DeleteUser").RequirePermission(Permissions.UsersManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

        // A person's own profile: the row is that of the token, so there is nothing to permit.
        group.MapGet("/me", GetMe.HandleAsync).WithName("GetMe").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPatch("/me", UpdateMe.HandleAsync).WithName("UpdateMe").ProducesProblem(StatusCodes.Status404NotFound);
    }
}
