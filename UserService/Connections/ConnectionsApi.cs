using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Data;

namespace McpPlatform.UserService.Connections;

internal static class ConnectionsApi
{
    public const string Route = "/api/db/connections", TestRoute = "/api/db/test";

    public static void AddConnections(this WebApplicationBuilder builder)
    {
        builder.AddStoredSecrets<UsersDbContext>("connection-secrets", db => db.Connections.Select(profile => profile.PasswordKey));
        builder.Services.AddSingleton<TestLimit>();
        builder.Services.AddScoped<ConnectionTest>();
        builder.Services.AddSingleton<RewrapPasswords>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RewrapPasswords>());
    }

    public static void MapConnectionsApi(this IEndpointRouteBuilder app)
    {
        // Who keeps profiles and who queries through them both see them; which ones, the decision engine says.
        var group = app.MapGroup(Route).WithTags("Database connections")
            .RequireAuthorization(policy => policy.RequireAuthenticatedUser().RequireClaim(PlatformClaims.Permission, Permissions.DbConnectionsManage, Permissions.DbQuery))
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        group.MapGet("/", ListConnections.HandleAsync).WithName("ListConnections");
        group.MapPost("/", CreateConnection.HandleAsync).WithName("CreateConnection").RequirePermission(Permissions.DbConnectionsManage)
            .ProducesProblem(StatusCodes.Status409Conflict);
        group.MapGet("/{id:guid}", GetConnection.HandleAsync).WithName("GetConnection").ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPatch("/{id:guid}", UpdateConnection.HandleAsync).WithName("UpdateConnection").RequirePermission(Permissions.DbConnectionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        group.MapDelete("/{id:guid}", DeleteConnection.HandleAsync).WithName("DeleteConnection").RequirePermission(Permissions.DbConnectionsManage)
            .ProducesProblem(StatusCodes.Status404NotFound);
        group.MapPost("/{id:guid}/test", TestConnection.HandleSavedAsync).WithName("TestConnection").ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity).ProducesProblem(StatusCodes.Status429TooManyRequests);
        app.MapPost(TestRoute, TestConnection.HandleAsync).WithName("TestNewConnection").WithTags("Database connections")
            .RequirePermission(Permissions.DbConnectionsManage)
            .ProducesValidationProblem().ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
    }
}
