using McpPlatform.ServiceDefaults;
using McpPlatform.UserService;
using McpPlatform.UserService.Data;

return await PlatformService.RunAsync<UsersDbContext>(args, builder => builder.AddUserService(), app => app.MapUserService());
