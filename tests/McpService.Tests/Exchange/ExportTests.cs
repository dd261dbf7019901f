using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Exchange;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream.Stdio;

namespace McpPlatform.McpService.Tests.Exchange;

/// <summary>The registry as a file of a client.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ExportTests(McpServiceApplication application)
{
    private const string Route = "/api/mcp/servers";

    private static readonly string[] Pieces = [.. "aZ09 \"\\'<>&%?=#+/$:;é日🙂".EnumerateRunes().Select(rune => rune.ToString()), "${", "}", "${input:x}"];

    [Theory]
    [InlineData("vscode", "servers")]
    [InlineData("cursor", "mcpServers")]
    [InlineData("claude", "mcpServers")]
    public async Task An_export_has_no_secrets_and_is_imported_as_it_was(string format, string member)
    {
        using var admin = application.Admin();
        var (http, process) = (McpServiceApplication.NewName(), McpServiceApplication.NewName());
        await admin.PostAsJsonAsync(Route, new { name = http, url = "http://127.0.0.1:9/mcp?key=s3cret&b", transport = "sse", description = "For tests", enabled = false, definition_lock = "strict", headers = new Dictionary<string, string> { ["Authorization"] = "Bearer t0psecret" } });
        await admin.PostAsJsonAsync(Route, new { name = process, transport = "stdio", template = "child", parameters = new { mode = "legacy", text = "ü & <b>" } });
        var before = (await GetAsync(admin, http), await GetAsync(admin, process));

        using var response = await admin.GetAsync($"{Route}/export?format={format}");
        var file = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("s3cret", file, StringComparison.Ordinal);
        Assert.DoesNotContain("t0psecret", file, StringComparison.Ordinal);
        Assert.DoesNotContain("CHILD_WORD", file, StringComparison.Ordinal);
        Assert.Contains("Authorization", file, StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(file)![member]![http]);
        Assert.Null(JsonNode.Parse(file)![member]!.AsObject().FirstOrDefault(entry => entry.Value!["url"]?.GetValue<string>().StartsWith("builtin", StringComparison.Ordinal) == true).Value);

        var whole = JsonNode.Parse(await admin.GetStringAsync($"{Route}/export?format={format}&include_query=true"))![member]!;
        await admin.DeleteAsync($"{Route}/{http}");
        await admin.DeleteAsync($"{Route}/{process}");
        var report = await ImportAsync(admin, new JsonObject { [member] = new JsonObject { [http] = whole[http]!.DeepClone(), [process] = whole[process]!.DeepClone() } });
        Assert.All(report.GetProperty("entries").EnumerateArray(), entry => Assert.Equal("registered", entry.GetProperty("status").GetString()));
        Assert.Equal(["Authorization"], report.GetProperty("entries")[0].GetProperty("missing")[0].Strings("headers"));
        Assert.Equal(before, (await GetAsync(admin, http), await GetAsync(admin, process)));
        await admin.DeleteAsync($"{Route}/{http}");
        await admin.DeleteAsync($"{Route}/{process}");
    }

    [Fact]
    public async Task Who_may_not_manage_a_server_sees_neither_its_query_nor_its_parameters()
    {
        using var admin = application.Admin();
        var (http, process) = (await application.RegisterAsync("http://127.0.0.1:9/mcp?key=s3cret"), McpServiceApplication.NewName());
        await admin.PostAsJsonAsync(Route, new { name = process, transport = "stdio", template = "child", parameters = new { mode = "legacy", text = "hidden" } });
        using var reader = application.ClientWith(Permissions.McpServersRead);
        var file = JsonNode.Parse(await reader.GetStringAsync($"{Route}/export?format=cursor&include_query=true"))!["mcpServers"]!;

        Assert.Equal("http://127.0.0.1:9/mcp", file[http]!["url"]!.GetValue<string>());
        Assert.Equal("""{"mcpplatform":{"template":"child"}}""", file[process]!.ToJsonString());
        await admin.DeleteAsync($"{Route}/{http}");
        await admin.DeleteAsync($"{Route}/{process}");
    }

    [Fact]
    public async Task A_hidden_server_is_not_exported_and_no_import_tells_that_it_is_there()
    {
        using var admin = application.Admin();
        var (hidden, user) = (await application.RegisterAsync("http://127.0.0.1:9/mcp"), Guid.CreateVersion7());
        AccessRule Deny(string resource, params string[] permissions) =>
            new() { Id = Guid.CreateVersion7(), SubjectType = RuleSubject.User, Subject = user.ToString(), Effect = RuleEffect.Deny, Resource = resource, Permissions = permissions };
        await application.ChangePolicyAsync(policy => policy with { Rules = [.. policy.Rules, Deny($"server:{hidden}", Permissions.McpServersRead), Deny("server:reserved-*", Permissions.McpServersManage)] });
        using var client = application.ClientFor(user, "caller", McpServiceApplication.AllPermissions);

        Assert.DoesNotContain(hidden, await client.GetStringAsync($"{Route}/export?format=cursor"), StringComparison.Ordinal);
        Assert.Contains(hidden, await admin.GetStringAsync($"{Route}/export?format=cursor"), StringComparison.Ordinal);
        var report = await ImportAsync(client, new JsonObject { ["servers"] = new JsonObject { [hidden] = new JsonObject { ["url"] = "http://127.0.0.1:9/mcp" }, ["reserved-x"] = new JsonObject { ["url"] = "http://127.0.0.1:9/mcp" } } });
        Assert.All(report.GetProperty("entries").EnumerateArray(), entry => Assert.Equal("refused", entry.GetProperty("status").GetString()));
        Assert.Contains("registered already", report.GetProperty("entries")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("may not manage", report.GetProperty("entries")[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
        await admin.DeleteAsync($"{Route}/{hidden}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("?format=")]
    [InlineData("?format=emacs")]
    [InlineData("?format=%00")]
    public async Task An_unknown_format_is_told(string query)
    {
        using var admin = application.Admin();
        await (await admin.GetAsync($"{Route}/export{query}")).AssertInvalidAsync("format");
    }

    [Fact]
    public async Task Without_the_permission_nothing_is_exported()
    {
        using var caller = application.ClientWith(Permissions.McpToolsCall);
        Assert.Equal(HttpStatusCode.Forbidden, (await caller.GetAsync($"{Route}/export?format=cursor")).StatusCode);
        using var nobody = application.Anonymous();
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync($"{Route}/export?format=cursor")).StatusCode);
    }

    /// <summary>Three hundred random registries, in each format: what is read is what was written.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Any_registry_is_read_as_it_was_written(int number)
    {
        var format = (ClientFormat)number;
        for (var seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            var servers = Enumerable.Range(0, random.Next(0, 8)).Select(i => Any(random, i)).ToList();
            var file = new McpJsonWriter(format, includeQuery: true).Write(servers).ToJsonString(ExportServers.Layout);
            using MemoryStream stream = new(Encoding.UTF8.GetBytes(file));
            var entries = await McpJson.ReadAsync(stream, CancellationToken.None);

            Assert.Equal(servers.Select(Describe), entries!.Select(entry => entry.Mistake ?? Describe(entry)));
        }
    }

    private static ExportedServer Any(Random random, int number)
    {
        var name = $"s{number}-{random.Next(1000)}";
        string[] transports = [Transports.Http, Transports.Sse, Transports.Stdio];
        var transport = transports[random.Next(3)];
        var parameters = Enumerable.Range(0, random.Next(4)).ToDictionary(i => $"p{i}", _ => Text(random), StringComparer.Ordinal);
        var url = transport == Transports.Stdio ? new StdioLaunch("template-" + random.Next(9), parameters).ToUri()
            : new Uri($"http{(random.Next(2) == 0 ? "s" : "")}://{(random.Next(3) == 0 ? "127.0.0.1:3001" : $"h{random.Next(9)}.example.com")}/mcp{(random.Next(2) == 0 ? $"?a={Uri.EscapeDataString(Text(random))}&b" : "")}");
        var server = Server.Register(name, random.Next(2) == 0 ? null : Text(random), transport, url, random.Next(3) > 0, null, DateTimeOffset.UnixEpoch);
        server.LockDefinitions(((string[])["off", "changes", "strict"])[random.Next(3)], server.CreatedAt);
        server.RequireCredentialOf(random.Next(2) == 0 ? "server" : "user", server.CreatedAt);
        string[] headers = transport == Transports.Stdio ? [] : [.. ((string[])["Authorization", "X-API-Key", "X.Odd!Name", "x_under"]).Where(_ => random.Next(2) == 0).Order(StringComparer.OrdinalIgnoreCase)];
        return new(server, server.Url, server.Launch?.Parameters, headers);
    }

    private static string Text(Random random) => "a" + string.Concat(random.GetItems<string>(Pieces, random.Next(1, 20))) + "z";

    private static string Describe(ExportedServer exported) => Describe(
        exported.Server.Name, exported.Server.Description, exported.Server.Transport, exported.Server.Launch is null ? exported.Server.Url : null, exported.Server.Launch?.Template,
        exported.Server.Launch?.Parameters, exported.Server.Enabled, exported.Server.DefinitionLock, exported.Server.CredentialOwner, exported.Headers);

    private static string Describe(McpJsonEntry entry) => Describe(
        entry.Request!.Name!, entry.Request.Description, entry.Request.Transport, entry.Request.Url, entry.Request.Template,
        entry.Request.Parameters, entry.Request.Enabled, entry.Request.DefinitionLock, entry.Request.CredentialOwner, entry.MissingHeaders);

    private static string Describe(
        string name, string? description, string transport, string? url, string? template, IReadOnlyDictionary<string, string>? parameters, bool enabled, string definitionLock, string owner, IReadOnlyList<string> headers) =>
        JsonSerializer.Serialize(new { name, description, transport, url, template, parameters = parameters is { Count: > 0 } ? parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal) : null, enabled, definitionLock, owner, headers });

    private static async Task<JsonElement> ImportAsync(HttpClient client, JsonObject file)
    {
        using StringContent content = new(file.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await client.PostAsync($"{Route}/import", content);
        return await response.JsonAsync();
    }

    private static async Task<string> GetAsync(HttpClient client, string name)
    {
        var server = JsonNode.Parse(await client.GetStringAsync($"{Route}/{name}"))!.AsObject();
        foreach (var changing in (string[])["id", "created_at", "updated_at", "status"])
        {
            server.Remove(changing);
        }

        return server.ToJsonString();
    }
}
