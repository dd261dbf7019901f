using McpPlatform.McpService;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults;

return await PlatformService.RunAsync<McpDbContext>(args, builder => builder.AddMcpService(), app => app.MapMcpService());
