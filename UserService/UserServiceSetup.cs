using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Accounts;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries;
using McpPlatform.UserService.Telemetry;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService;

/// <summary>Users' profiles and preferences, roles and permissions.</summary>
internal static class UserServiceSetup
{
    public static void AddUserService(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidation();
        builder.AddNpgsqlDbContext<UsersDbContext>("usersdb", UsersDbContext.Schema);
        builder.Services.ConfigureDbContext<UsersDbContext>(options =>
            options.UseAsyncSeeding((db, _, cancellationToken) => SyncCatalogue.RunAsync((UsersDbContext)db, cancellationToken)));
        builder.AddRedisClient("redis");
        builder.AddPlatformAuthentication();
        builder.AddPlatformMessaging<UsersDbContext>(bus =>
        {
            bus.AddConsumer<CreateProfile>();
            bus.AddConsumer<RecordLastLogin>();
            bus.AddConsumer<RemoveConnectionsOfDeletedUser>();
            bus.AddConsumer<AnswerPolicyRequest>();
        });
        builder.AddAccounts();
        builder.AddQueries();
        builder.AddConnections();
        builder.AddAccessPolicy<UsersDbContext>();
        builder.AddAccess();
        builder.AddUsers();
        builder.Services.AddSingleton<UserTelemetry>();
    }

    public static void MapUserService(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapUsersApi();
        app.MapPermissionsApi();
        app.MapConnectionsApi();
        app.MapQueriesApi();
    }
}
