using McpPlatform.Gateway;
using McpPlatform.ServiceDefaults;

return await PlatformService.RunAsync(args, builder => builder.AddGateway(), app => app.MapGateway());
