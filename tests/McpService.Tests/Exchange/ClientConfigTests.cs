using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.McpService.Tests.Exchange;

/// <summary>What people copy into their clients.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ClientConfigTests(McpServiceApplication application)
{
    [Theory]
    [InlineData("vscode", """{"servers":{"mcpplatform":{"type":"http","url":"URL"}}}""", "Bearer ${input:mcpplatform--api-key}")]
    [InlineData("cursor", """{"mcpServers":{"mcpplatform":{"url":"URL"}}}""", "Bearer ${env:MCPPLATFORM_API_KEY}")]
    [InlineData("claude", """{"mcpServers":{"mcpplatform":{"command":"npx","args":["-y","mcp-remote","URL"]}}}""", "Authorization:${MCPPLATFORM__AUTHORIZATION}")]
    public async Task A_client_with_a_file_gets_its_document(string client, string document, string key)
    {
        var (config, url) = (await GetAsync($"/api/mcp/client-config?client={client}"), await EndpointAsync(string.Empty));
        Assert.Equal(url, config.GetProperty("url").GetString());
        Assert.Equal(document.Replace("URL", url, StringComparison.Ordinal), JsonSerializer.Serialize(config.GetProperty("configuration").GetProperty("document")).Replace(",\"--allow-http\"", string.Empty, StringComparison.Ordinal));
        Assert.Contains($"\"{key}\"", config.GetProperty("with_api_key").GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("claude-code", "claude mcp add --transport http mcpplatform-NAME URL")]
    [InlineData("inspector", "npx @modelcontextprotocol/inspector --transport http --server-url URL")]
    public async Task A_client_with_commands_gets_its_command_for_a_bundle(string client, string command)
    {
        var bundle = await BundleAsync();
        var (config, url) = (await GetAsync($"/api/mcp/bundles/{bundle}/client-config?client={client}"), await EndpointAsync("/" + bundle));
        Assert.Equal(command.Replace("NAME", bundle, StringComparison.Ordinal).Replace("URL", url, StringComparison.Ordinal), config.GetProperty("configuration").GetProperty("command").GetString());
        Assert.Contains("Bearer YOUR_API_KEY", config.GetProperty("with_api_key").GetProperty("command").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_that_is_hidden_has_no_configuration_and_an_unknown_client_is_told()
    {
        var (bundle, user) = (await BundleAsync(), Guid.CreateVersion7());
        await application.ChangePolicyAsync(policy => policy with
        {
            Rules = [.. policy.Rules, new() { Id = Guid.CreateVersion7(), SubjectType = RuleSubject.User, Subject = user.ToString(), Effect = RuleEffect.Deny, Resource = $"bundle:{bundle}" }],
        });
        using var client = application.ClientFor(user, "caller", McpServiceApplication.AllPermissions);
        await (await client.GetAsync($"/api/mcp/bundles/{bundle}/client-config?client=vscode")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await client.GetAsync("/api/mcp/client-config?client=emacs")).AssertInvalidAsync("client");
        await (await client.GetAsync("/api/mcp/client-config")).AssertInvalidAsync("client");
        using var caller = application.ClientWith(Permissions.McpToolsCall);
        Assert.Equal(HttpStatusCode.Forbidden, (await caller.GetAsync("/api/mcp/client-config?client=vscode")).StatusCode);
    }

    private async Task<string> BundleAsync()
    {
        using var admin = application.Admin();
        var name = McpServiceApplication.NewName();
        var server = await application.RegisterAsync("http://127.0.0.1:9/mcp");
        Assert.Equal(HttpStatusCode.Created, (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name, servers = new[] { new { name = server } } })).StatusCode);
        return name;
    }

    private async Task<string> EndpointAsync(string path) => (await GetAsync("/.well-known/oauth-protected-resource/mcp" + path)).GetProperty("resource").GetString()!;

    private async Task<JsonElement> GetAsync(string path)
    {
        using var admin = application.Admin();
        using var response = await admin.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.JsonAsync();
    }
}
