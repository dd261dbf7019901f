using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.BuiltIn;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Chat;

internal static class ChatSetup
{
    public static void AddChat(this IServiceCollection services)
    {
        services.AddOptions<LlmOptions>().ValidateOnStart();
        services.AddSingleton<IConfigureOptions<LlmOptions>, LlmOptionsSetup>();
        services.AddSingleton<IValidateOptions<LlmOptions>, LlmOptionsValidator>();
        services.AddSingleton<IConfigureOptions<OutboundOptions>, LlmAddress>();
        services.AddTransient<BoundedModelHandler>();
        services.AddBuiltInClient(ChatModels.ClientName).AddHttpMessageHandler<BoundedModelHandler>();
        services.AddSingleton<ChatModels>();
        services.AddSingleton<ChatToolCalls>();
        services.AddSingleton<ChatRuns>();
    }

    public static void MapChatApi(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/mcp/chat", StartChat.Handle).WithTags("MCP chat").WithName("Chat").RequirePermission(Permissions.McpChat).WithMetadata(new AuditDenials("mcp.chat", "model"));
}
