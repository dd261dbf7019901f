using McpPlatform.AuthService;
using McpPlatform.AuthService.Data;
using McpPlatform.ServiceDefaults;

return await PlatformService.RunAsync<AuthDbContext>(args, builder => builder.AddAuthService(), app => app.MapAuthService());
