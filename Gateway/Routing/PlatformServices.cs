using Microsoft.Extensions.Http.Resilience;

namespace McpPlatform.Gateway.Routing;

/// <summary>The services behind the Gateway, under the names by which service discovery and the routes know them.</summary>
internal static class PlatformServices
{
    /// <summary>The name of the <see cref="HttpClient"/> for the Gateway's own questions to the services.</summary>
    public const string Client = "platform-services";

    public static IReadOnlyList<string> Names { get; } = ["authservice", "userservice", "mcpservice", "analyticsservice"];

    public static void AddServiceClient(this WebApplicationBuilder builder)
    {
        var client = builder.Services.AddHttpClient(Client);
#pragma warning disable EXTEXP0001 // For evaluation only; there is no other way to opt one client out of the defaults.
        // A health check that retries is slow to say what it was asked for, and says "up" of a service that fails every other time.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }
}
