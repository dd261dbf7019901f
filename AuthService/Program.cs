using McpPlatform.AuthService;
using McpPlatform.AuthService.Admin;
using McpPlatform.AuthService.Data;
using McpPlatform.ServiceDefaults;

return await PlatformService.RunAsync<AuthDbContext>(args, builder => builder.AddAuthService(), app => app.MapAuthService(), AdminCommand.RunAsync);
