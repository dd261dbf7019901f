using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Tests.Stdio;

namespace McpPlatform.McpService.Tests.Exchange;

/// <summary>Files of MCP clients, as people have them.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ImportTests(McpServiceApplication application) : IAsyncLifetime
{
    private const string Route = "/api/mcp/servers";

    private readonly HttpClient admin = application.Admin();
    private readonly List<string> registered = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var name in registered)
        {
            await admin.DeleteAsync($"{Route}/{name}");
        }

        admin.Dispose();
    }

    [Fact]
    public async Task A_file_of_VS_Code_is_imported_and_says_what_is_missing()
    {
        var name = McpServiceApplication.NewName();
        var report = await ImportAsync($$"""
            {
              // What VS Code asks for.
              "inputs": [{ "type": "promptString", "id": "token", "description": "A token", "password": true }],
              "servers": {
                "{{name}}": { "type": "http", "url": "http://127.0.0.1:9/mcp", "headers": { "Authorization": "Bearer ${input:token}", "X-Tenant": "five" } },
                "{{name}}-old": { "type": "sse", "url": "http://127.0.0.1:9/sse", /* nothing more */ },
              },
            }
            """);

        Assert.Equal(2, report.GetProperty("registered").GetInt32());
        var entry = report.GetProperty("entries")[0];
        Assert.Equal("registered", entry.GetProperty("status").GetString());
        var missing = Assert.Single(entry.GetProperty("missing").EnumerateArray().ToArray());
        Assert.Equal(["Authorization"], missing.Strings("headers"));
        Assert.Equal($"PUT {Route}/{name}/credential", missing.GetProperty("where").GetString());
        Assert.Equal(["X-Tenant"], (await GetAsync($"{Route}/{name}/credential")).GetProperty("server").Strings("header_names"));
        Assert.Equal("sse", (await GetAsync($"{Route}/{name}-old")).GetProperty("transport").GetString());
    }

    [Fact]
    public async Task A_file_of_Cursor_is_imported_with_its_headers_and_on_record()
    {
        await using var activities = await application.ListenAsync<ActivityRecorded>();
        var name = McpServiceApplication.NewName();
        var report = await ImportAsync($$$$"""{"mcpServers": {"{{{{name}}}}": {"url": "http://127.0.0.1:9/mcp?key=s3cret", "headers": {"X-API-Key": "t0psecret"}, "disabled": true}}}""");

        Assert.Equal("registered", Status(report));
        Assert.DoesNotContain("s3cret", report.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("t0psecret", report.GetRawText(), StringComparison.Ordinal);
        Assert.False((await GetAsync($"{Route}/{name}")).GetProperty("enabled").GetBoolean());
        Assert.Equal("stored", (await GetAsync($"{Route}/{name}/credential")).GetProperty("state").GetString());
        var record = await activities.WaitForAsync(activity => activity.Target == name);
        Assert.Equal("mcp.servers.create", record.Action);
        Assert.Equal("http://127.0.0.1:9/mcp", record.NewValues!.Value.GetProperty("url").GetString());
    }

    [Theory]
    [InlineData("""{"command": "npx", "args": ["-y", "mcp-remote@latest", "http://127.0.0.1:9/mcp", "--header", "X-API-Key:${KEY}", "--allow-http"], "env": {"KEY": "value"}}""", "http", "stored", 0)]
    [InlineData("""{"command": "npx", "args": ["mcp-remote", "http://127.0.0.1:9/mcp", "--header", "X-API-Key:${KEY}"], "env": {"KEY": "${KEY}"}}""", "http", "none", 1)]
    [InlineData("""{"command": "cmd", "args": ["/c", "npx", "mcp-remote", "http://127.0.0.1:9/sse", "--transport", "sse-only"]}""", "sse", "none", 0)]
    public async Task A_bridge_of_Claude_Desktop_is_the_server_that_it_leads_to(string json, string transport, string credential, int missing)
    {
        var name = McpServiceApplication.NewName();
        var report = await ImportAsync($"{{\"mcpServers\": {{\"{name}\": {json}}}}}");

        Assert.Equal("registered", Status(report));
        Assert.Equal(missing, report.GetProperty("entries")[0].GetProperty("missing").GetArrayLength());
        Assert.Equal(transport, (await GetAsync($"{Route}/{name}")).GetProperty("transport").GetString());
        Assert.Equal(credential, (await GetAsync($"{Route}/{name}/credential")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_command_is_the_operators_template_that_runs_the_same()
    {
        var (node, script) = (StdioChild.Settings["Stdio:Templates:child:Command"]!, StdioChild.Settings["Stdio:Templates:child:Arguments:0"]!);
        var name = McpServiceApplication.NewName();
        var report = await ImportAsync(JsonSerializer.Serialize(new
        {
            mcpServers = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [name] = new { command = "node", args = new[] { script, "legacy", "some text" }, env = new { CHILD_WORD = "word", SECRET = "t0psecret" } },
                [name + "-other"] = new { command = node, args = new[] { script, "no-such-mode", "some text" } },
                [name + "-shell"] = new { command = "/bin/sh", args = new[] { "-c", "id" } },
            },
        }));

        var (entries, server) = (report.GetProperty("entries"), await GetAsync($"{Route}/{name}"));
        Assert.Equal("registered", Status(report));
        Assert.Contains("SECRET", entries[0].GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("t0psecret", report.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("child", server.GetProperty("template").GetString());
        Assert.Equal("""{"mode":"legacy","text":"some text","word":"word"}""", server.GetProperty("parameters").GetRawText().Replace(" ", string.Empty, StringComparison.Ordinal).Replace("sometext", "some text", StringComparison.Ordinal));
        Assert.Contains("mode", entries[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("Stdio__Templates", entries[2].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"{Route}/{name}-shell")).StatusCode);
    }

    [Fact]
    public async Task A_process_needs_its_permission_and_one_without_learns_nothing_of_templates()
    {
        using var client = application.ClientWith(Permissions.McpServersRead, Permissions.McpServersManage);
        var name = McpServiceApplication.NewName();
        var report = await ImportAsync($$$$"""{"servers": {"{{{{name}}}}": {"command": "node", "args": ["x"]}, "{{{{name}}}}-t": {"mcpplatform": {"template": "child"}}, "{{{{name}}}}-h": {"url": "http://127.0.0.1:9/mcp"}}}""", client);

        Assert.All(report.GetProperty("entries").EnumerateArray().Take(2), entry => Assert.Contains(Permissions.McpServersManageStdio, entry.GetProperty("reason").GetString(), StringComparison.Ordinal));
        Assert.Equal("registered", report.GetProperty("entries")[2].GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_dry_run_changes_nothing_and_what_is_there_is_told()
    {
        var name = McpServiceApplication.NewName();
        var file = $$$$"""{"mcpServers": {"{{{{name}}}}": {"url": "http://127.0.0.1:9/mcp"}}}""";
        Assert.Equal("would_register", Status(await ImportAsync(file, query: "?dry_run=true")));
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"{Route}/{name}")).StatusCode);

        Assert.Equal("registered", Status(await ImportAsync(file)));
        Assert.Equal("exists", Status(await ImportAsync(file, query: "?dry_run=true")));
        Assert.Equal("exists", Status(await ImportAsync(file)));
        Assert.Equal("differs", Status(await ImportAsync(file.Replace("/mcp", "/other", StringComparison.Ordinal))));
        Assert.Equal("http://127.0.0.1:9/mcp", (await GetAsync($"{Route}/{name}")).GetProperty("url").GetString());
    }

    [Fact]
    public async Task Imports_at_the_same_moment_register_each_server_once()
    {
        var names = Enumerable.Range(0, 5).Select(_ => McpServiceApplication.NewName()).ToArray();
        var file = $"{{\"servers\": {{{string.Join(',', names.Select(name => $"\"{name}\": {{\"url\": \"http://127.0.0.1:9/mcp\"}}"))}}}}}";
        var reports = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ImportAsync(file)));

        Assert.Equal(names.Length, reports.Sum(report => report.GetProperty("registered").GetInt32()));
        Assert.All(reports, report => Assert.Equal(0, report.GetProperty("refused").GetInt32()));
    }

    [Fact]
    public async Task Who_may_not_register_servers_imports_none()
    {
        using var reader = application.ClientWith(Permissions.McpServersRead);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync("{\"servers\": {}}", reader)).StatusCode);
        using var nobody = application.Anonymous();
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("{\"servers\": {}}", nobody)).StatusCode);
    }

    private static string Status(JsonElement report) => report.GetProperty("entries")[0].GetProperty("status").GetString()!;

    private static async Task<HttpResponseMessage> PostAsync(string json, HttpClient client, string query = "")
    {
        using StringContent content = new(json, Encoding.UTF8, "application/json");
        return await client.PostAsync($"{Route}/import{query}", content);
    }

    private async Task<JsonElement> ImportAsync(string json, HttpClient? client = null, string query = "")
    {
        using var response = await PostAsync(json, client ?? admin, query);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var report = await response.JsonAsync();
        lock (registered)
        {
            registered.AddRange(report.GetProperty("entries").EnumerateArray().Where(entry => entry.GetProperty("status").GetString() == "registered").Select(entry => entry.GetProperty("name").GetString()!));
        }

        return report;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await admin.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.JsonAsync();
    }
}
