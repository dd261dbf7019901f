using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpPlatform.McpService.Exchange;
using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Tests.Exchange;

/// <summary>Files that nobody's client has written.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class HostileImportTests(McpServiceApplication application)
{
    private const string Route = "/api/mcp/servers/import";

    public static TheoryData<string> Files() =>
    [
        "", "nul", "null", "1", "\"text\"", "[]", "{", "{}", "{\"other\": {}}", "{\"servers\": []}", "{\"servers\": null}", "{\"mcpServers\": 1}", "{\"servers\": {}, \"mcpServers\": []}", "\0", new string('[', 5000),
        "{\"servers\": {\"a\": " + new string('[', 100) + new string(']', 100) + "}}",
        "{\"servers\": {" + string.Join(',', Enumerable.Range(0, McpJson.MaxEntries + 1).Select(i => $"\"s{i}\": {{}}")) + "}}",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task What_is_no_such_file_is_refused_as_a_whole(string file)
    {
        using var response = await PostAsync(file);
        await response.AssertInvalidAsync("body");
    }

    [Theory]
    [InlineData("1", "object")]
    [InlineData("null", "object")]
    [InlineData("{}", "url")]
    [InlineData("{\"url\": 1}", "'url' must be a text")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"headers\": []}", "'headers'")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"headers\": {\"X-A\": 1}}", "'headers'")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"headers\": {\"X-A\": \"a\", \"X-A\": \"b\"}}", "twice")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"headers\": {\"X-A\": \"a\", \"x-a\": \"b\"}}", "headers")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"headers\": {\"X-A\": \"a\\r\\nX-B: b\"}}", "visible ASCII")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"headers\": {\"Host\": \"${input:x}\"}}", "'Host'")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"description\": \"a\\u0000b\"}", "U+0000")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"description\": \"\\ud800\"}", "halves")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"\\udc00\": 1}", "halves")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"type\": \"carrier-pigeon\"}", "type")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"disabled\": \"yes\"}", "'disabled'")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"mcpplatform\": []}", "'mcpplatform'")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"mcpplatform\": {\"definition_lock\": \"none\"}}", "definition_lock")]
    [InlineData("{\"url\": \"http://127.0.0.1:9/mcp\", \"mcpplatform\": {\"credential_owner\": \"me\"}}", "credential_owner")]
    [InlineData("{\"url\": \"https://${input:host}/mcp\"}", "placeholder")]
    [InlineData("{\"url\": \"file:///etc/passwd\"}", "url")]
    [InlineData("{\"url\": \"http://user:password@127.0.0.1:9/mcp\"}", "url")]
    [InlineData("{\"url\": \"http://169.254.169.254/latest/meta-data/\"}", "OUTBOUND_ALLOW")]
    [InlineData("{\"url\": \"http://127.0.0.2:9/mcp\"}", "OUTBOUND_ALLOW")]
    [InlineData("{\"url\": \"http://[::ffff:10.0.0.1]/mcp\"}", "OUTBOUND_ALLOW")]
    [InlineData("{\"command\": \"npx\", \"args\": [\"mcp-remote\", \"http://169.254.169.254/\"]}", "OUTBOUND_ALLOW")]
    [InlineData("{\"command\": \"npx\", \"args\": \"mcp-remote\"}", "'args'")]
    [InlineData("{\"command\": \"\", \"args\": []}", "Stdio__Templates")]
    [InlineData("{\"command\": \"sh\", \"args\": [\"-c\", \"npx mcp-remote http://127.0.0.1:9/\"]}", "Stdio__Templates")]
    [InlineData("{\"mcpplatform\": {\"template\": \"no-such\"}}", "template")]
    [InlineData("{\"mcpplatform\": {\"template\": \"child\", \"parameters\": {\"mode\": \"legacy\", \"more\": \"x\"}}}", "no such parameter")]
    public async Task A_bad_entry_is_refused_with_a_sentence_and_a_good_one_beside_it_is_not(string entry, string word)
    {
        var (bad, good) = (McpServiceApplication.NewName(), McpServiceApplication.NewName());
        using var response = await PostAsync($"{{\"mcpServers\": {{\"{bad}\": {entry}, \"{good}\": {{\"url\": \"http://127.0.0.1:9/mcp\"}}}}}}");
        var report = await response.JsonAsync();

        Assert.Equal("refused", report.GetProperty("entries")[0].GetProperty("status").GetString());
        Assert.Contains(word, report.GetProperty("entries")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("registered", report.GetProperty("entries")[1].GetProperty("status").GetString());
        using var admin = application.Admin();
        Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/api/mcp/servers/{bad}")).StatusCode);
        await admin.DeleteAsync($"/api/mcp/servers/{good}");
    }

    [Fact]
    public async Task Names_that_are_none_and_names_that_meet_are_refused()
    {
        var name = McpServiceApplication.NewName();
        const string Server = "{\"url\": \"http://127.0.0.1:9/mcp\"}";
        using var response = await PostAsync($"{{\"servers\": {{\"{name}\": {Server}, \"{name.ToUpperInvariant()}\": {Server}, \"{name}\": {Server}, \"\": {Server}, \"a\\u0000\": {Server}, \"\\ud800\": {Server}, \"{new string('x', 100_000)}\": {Server}}}}}");
        var entries = (await response.JsonAsync()).GetProperty("entries").EnumerateArray().ToList();

        Assert.Equal(["registered", "refused", "refused", "refused", "refused", "refused", "refused"], entries.Select(entry => entry.GetProperty("status").GetString()));
        Assert.Contains($"'{name}'", entries[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.True(entries[6].GetProperty("source").GetString()!.Length <= 64);
        using var admin = application.Admin();
        await admin.DeleteAsync($"/api/mcp/servers/{name}");
    }

    [Fact]
    public async Task A_file_with_a_byte_order_mark_is_read_and_one_too_large_is_not()
    {
        using var marked = await PostAsync("\uFEFF{\"servers\": {}}");
        Assert.Equal(HttpStatusCode.OK, marked.StatusCode);
        using var large = await PostAsync("{\"servers\": {\"a\": \"" + new string('x', 1_100_000) + "\"}}");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using var other = await PostAsync("{\"servers\": {}}", "application/xml");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, other.StatusCode);
    }

    [Theory]
    [InlineData("github", "github")]
    [InlineData("GitHub Copilot (MCP)", "github-copilot-mcp")]
    [InlineData("my_server.v2", "my-server-v2")]
    [InlineData("  --Café 2--  ", "caf-2")]
    [InlineData("io.github/owner/Thing", "io-github-owner-thing")]
    public void A_name_is_made_valid_in_the_one_way(string text, string name) => Assert.Equal(name, ImportedNames.Of(text));

    [Fact]
    public void Every_text_becomes_a_valid_name_the_same_each_time()
    {
        Random random = new(7);
        string[] texts = ["日本語", "🙂", "-", "\u0301", "018f0000-0000-7000-8000-000000000000", new string('a', 200), new string('-', 200) + "x", .. Enumerable.Range(0, 500).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 90)).Select(_ => (char)random.Next(1, 0xD7FF))))];
        Assert.All(texts, text =>
        {
            Assert.True(ServerNames.IsValid(ImportedNames.Of(text)), text);
            Assert.Equal(ImportedNames.Of(text), ImportedNames.Of(ImportedNames.Of(text)));
        });
        Assert.NotEqual(ImportedNames.Of("日本語"), ImportedNames.Of("中文"));
    }

    private async Task<HttpResponseMessage> PostAsync(string file, string type = "application/json")
    {
        using var admin = application.Admin();
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(file));
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await admin.PostAsync(Route, content);
    }
}
