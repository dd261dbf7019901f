using Scalar.AspNetCore;

namespace McpPlatform.Gateway.Documentation;

/// <summary>The whole API in one OpenAPI document, and a page to read and try it. Everything the page needs is served from here.</summary>
internal static class DocumentationSetup
{
    public static void AddDocumentation(this WebApplicationBuilder builder) => builder.Services.AddSingleton<MergedOpenApi>();

    public static void MapDocumentation(this WebApplication app)
    {
        // Anonymous: a client reads the contract before it has an account, and the page is a client of it.
        app.MapGet("/openapi/v1.json", async (MergedOpenApi document, CancellationToken cancellationToken) =>
            TypedResults.Bytes(await document.GetAsync(cancellationToken), "application/json"))
            .AllowAnonymous().ExcludeFromDescription().WithName("PlatformOpenApi");
        app.MapScalarApiReference("/docs", options =>
        {
            options.Title = "McpPlatform API";
            options.OpenApiRoutePattern = "/openapi/v1.json";
            options.DefaultFonts = false;
            options.Telemetry = false;
            options.ShowDeveloperTools = DeveloperToolsVisibility.Never;
            options.WithNonce().DisableAgent().DisableMcp();
        }).AllowAnonymous();
    }
}
