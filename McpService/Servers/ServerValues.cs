using McpPlatform.McpService.Credentials.OAuth;

namespace McpPlatform.McpService.Servers;

/// <summary>What the audit trail keeps of a server: the address without its query, which may hold a key.</summary>
internal sealed record ServerValues(string Name, string? Description, string Transport, string Url, IReadOnlyDictionary<string, string>? Parameters, bool Enabled, string DefinitionLock, string CredentialOwner, UpstreamAuth? Auth)
{
    public static ServerValues Of(Server server) =>
        new(server.Name, server.Description, server.Transport, ServerUrls.WithoutQuery(server.Url), server.Launch?.Parameters, server.Enabled, server.DefinitionLock, server.CredentialOwner, server.Auth);
}
