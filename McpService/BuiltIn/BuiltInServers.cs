using McpPlatform.McpService.BuiltIn.Confluence;
using McpPlatform.McpService.BuiltIn.Database;
using McpPlatform.McpService.BuiltIn.Jenkins;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn;

/// <summary>The built-in servers that the operator has configured.</summary>
internal sealed class BuiltInServers(
    IOptions<JenkinsOptions> jenkins, JenkinsServer jenkinsServer, IOptions<ConfluenceOptions> confluence, ConfluenceServer confluenceServer,
    IOptions<DatabaseToolsOptions> databases, DatabaseServer databaseServer)
{
    public IReadOnlyList<BuiltInServer> All { get; } =
    [
        .. jenkins.Value.IsConfigured ? (BuiltInServer[])[jenkinsServer.Describe()] : [],
        .. confluence.Value.IsConfigured ? (BuiltInServer[])[confluenceServer.Describe()] : [],
        .. databases.Value.Enabled ? (BuiltInServer[])[databaseServer.Describe()] : [],
    ];

    public BuiltInServer? Find(string name) => All.FirstOrDefault(server => server.Name == name);
}
