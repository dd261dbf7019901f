using McpPlatform.McpService.BuiltIn;
using McpPlatform.McpService.BuiltIn.Confluence;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Tests.BuiltIn;

public sealed class ConfluenceTests : IAsyncLifetime
{
    private ConfluenceStandIn confluence = null!;

    public async ValueTask InitializeAsync() => confluence = await ConfluenceStandIn.StartAsync();

    public ValueTask DisposeAsync() => confluence.DisposeAsync();

    [Theory]
    [InlineData(true, BuiltInSession.Modern)]
    [InlineData(true, BuiltInSession.Legacy)]
    [InlineData(false, BuiltInSession.Modern)]
    [InlineData(false, BuiltInSession.Legacy)]
    public async Task A_page_is_found_read_and_changed(bool cloud, string era)
    {
        await using var session = await BuiltInSession.StartAsync("confluence", confluence.Settings(cloud), era);

        var found = await session.CallAsync("search", new { words = "say \"hi\" \\ or id = 1", space = "DOC", limit = 1 });
        var page = await session.CallAsync("get_page", new { page_id = "77" });
        var changed = await session.CallAsync("update_page", new { page_id = "77", version = 3, body = "a < b\n\nc", body_format = "text", message = "more" });

        Assert.Equal("type = page and space = \"DOC\" and siteSearch ~ \"say \\\"hi\\\" \\\\ or id = 1\"", Assert.Single(confluence.Queries));
        Assert.Equal(("77", "how to go"), (found.GetProperty("pages")[0].GetProperty("page_id").GetString(), found.GetProperty("pages")[0].GetProperty("excerpt").GetString()));
        Assert.True(found.GetProperty("has_more").GetBoolean());
        Assert.Equal("## Steps & more\n\nOne **two**\n\n- a\n- b", page.GetProperty("body").GetString()!.Replace('\u00a0', ' '));
        Assert.Equal("Grace Hopper", page.GetProperty("changed_by").GetString());
        Assert.Equal(4, changed.GetProperty("version").GetInt32());
        var written = Assert.Single(confluence.Written);
        Assert.Equal("<p>a &lt; b</p><p>c</p>", (string?)(cloud ? written["body"]!["value"] : written["body"]!["storage"]!["value"]));
        Assert.Equal((4, "more", "Guide"), ((int)written["version"]!["number"]!, (string?)written["version"]!["message"], (string?)written["title"]));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Who_comes_second_is_told_who_was_first_and_what_to_do(bool cloud, bool raced)
    {
        confluence.IsRaced = raced;
        await using var session = await BuiltInSession.StartAsync("confluence", confluence.Settings(cloud));

        var text = await session.RefusedAsync("update_page", new { page_id = "77", version = raced ? 3 : 2, body = "<p>x</p>" });

        var now = raced ? 4 : 3;
        Assert.Contains($"has version {now}, not {now - 1}. It was changed by Grace Hopper at 2026-01-02 03:04:05Z (\"typos\")", text, StringComparison.Ordinal);
        Assert.Contains($"update it with version {now}", text, StringComparison.Ordinal);
        Assert.Equal(raced ? 1 : 0, confluence.Written.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_page_is_created_in_its_space_and_under_its_parent(bool cloud)
    {
        await using var session = await BuiltInSession.StartAsync("confluence", confluence.Settings(cloud));

        await session.CallAsync("create_page", new { space = "DOC", title = "New", body = "<p>x &nbsp; y</p>", parent_id = "5" });

        var written = Assert.Single(confluence.Written);
        Assert.Equal(cloud ? "9" : "DOC", (string?)(cloud ? written["spaceId"] : written["space"]!["key"]));
        Assert.Equal("5", (string?)(cloud ? written["parentId"] : written["ancestors"]![0]!["id"]));
        Assert.Contains("has a page of that title", await session.RefusedAsync("create_page", new { space = "DOC", title = "Taken", body = "" }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("404", "Call search")]
    [InlineData("403", "may not do this")]
    [InlineData("429", "in a minute")]
    [InlineData("500", "error of its own")]
    [InlineData("../user", "page_id must be the number")]
    public async Task A_failure_says_what_to_do(string id, string words)
    {
        await using var session = await BuiltInSession.StartAsync("confluence", confluence.Settings(cloud: true));

        Assert.Contains(words, await session.RefusedAsync("get_page", new { page_id = id }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_right_is_refused_before_it_is_sent()
    {
        await using var session = await BuiltInSession.StartAsync("confluence", confluence.Settings(cloud: true));

        Assert.Contains("either words or cql", await session.RefusedAsync("search", new { }), StringComparison.Ordinal);
        Assert.Contains("Check its CQL", await session.RefusedAsync("search", new { cql = "broken" }), StringComparison.Ordinal);
        Assert.Contains("close every tag", await session.RefusedAsync("create_page", new { space = "DOC", title = "New", body = "<p>a & b" }), StringComparison.Ordinal);
        Assert.Contains("no space of that key", await session.RefusedAsync("create_page", new { space = "NO", title = "New", body = "" }), StringComparison.Ordinal);
        Assert.Empty(confluence.Written);
    }

    [Fact]
    public async Task Credentials_of_both_kinds_or_of_none_are_refused_at_the_start()
    {
        await using var services = BuiltInSession.Services(new(confluence.Settings(cloud: true), StringComparer.Ordinal) { ["Confluence:PersonalAccessToken"] = "canary" });

        var failure = Assert.Throws<OptionsValidationException>(() => services.Services.GetRequiredService<BuiltInServers>());

        Assert.Contains("Confluence__PersonalAccessToken", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<table><tr><th>A</th><th>B</th></tr><tr><td><p>1|2</p></td><td>3</td></tr></table>", "| A | B |\n|---|---|\n| 1\\|2 | 3 |")]
    [InlineData("<ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">sh</ac:parameter><ac:plain-text-body><![CDATA[a <b>]]></ac:plain-text-body></ac:structured-macro>", "```\na <b>\n```")]
    [InlineData("<p>see <ac:link><ri:page ri:content-title=\"Home\" /></ac:link> and <a href=\"https://x.example\">x</a></p>", "see Home and [x](https://x.example)")]
    [InlineData("<p>broken", "broken")]
    public void Storage_format_becomes_markdown(string storage, string markdown) => Assert.Equal(markdown, StorageFormat.ToMarkdown(storage));

    [Fact]
    public void Deep_nesting_is_read_as_text() =>
        Assert.Equal("x", StorageFormat.ToMarkdown(string.Concat(Enumerable.Repeat("<span>", 5000)) + "x" + string.Concat(Enumerable.Repeat("</span>", 5000))));
}
