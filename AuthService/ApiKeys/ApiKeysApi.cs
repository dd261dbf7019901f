using McpPlatform.AuthService.Sessions;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>One's own API keys. What a key is exchanged for is at the token endpoint; see <see cref="ExchangeApiKey"/>.</summary>
internal static class ApiKeysApi
{
    public static void MapApiKeysApi(this WebApplication app)
    {
        var keys = app.MapGroup("/api/auth/api-keys").WithTags("Auth").RequireLogin();
        keys.MapGet("", ListApiKeys.HandleAsync).WithName("ListApiKeys");
        keys.MapPost("", CreateApiKey.HandleAsync).WithName("CreateApiKey")
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status409Conflict);
        keys.MapDelete("/{id:guid}", DeleteApiKey.HandleAsync).WithName("DeleteApiKey").ProducesProblem(StatusCodes.Status404NotFound);
    }
}
