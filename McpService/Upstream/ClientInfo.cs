using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Upstream;

/// <summary>Who we say we are.</summary>
internal static class ClientInfo
{
    private static readonly string Version = typeof(ClientInfo).Assembly.GetName().Version?.ToString(3) ?? "0";

    public static JsonObject Create() => new() { ["name"] = "McpPlatform", ["version"] = Version };
}
