using System.Collections.Concurrent;
using System.Text.Json;
using McpPlatform.McpService.BuiltIn;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelContextProtocol;

namespace McpPlatform.McpService.Tests.BuiltIn;

public sealed class JenkinsTests : IAsyncLifetime
{
    private JenkinsStandIn jenkins = null!;

    public async ValueTask InitializeAsync() => jenkins = await JenkinsStandIn.StartAsync();

    public ValueTask DisposeAsync() => jenkins.DisposeAsync();

    [Fact]
    public async Task Nothing_is_there_until_it_is_configured()
    {
        await using var services = BuiltInSession.Services([]);

        Assert.Empty(services.Services.GetRequiredService<BuiltInServers>().All);
    }

    [Theory]
    [InlineData("Jenkins:Url", "ftp://x")]
    [InlineData("Jenkins:Url", "http://robot:canary@x")]
    [InlineData("Jenkins:ApiToken", "")]
    [InlineData("Jenkins:User", "a:b")]
    [InlineData("Jenkins:Timeout", "00:10:00")]
    public async Task A_wrong_setting_is_told_by_its_key_and_without_its_value(string key, string value)
    {
        await using var services = BuiltInSession.Services(new(jenkins.Settings, StringComparer.Ordinal) { [key] = value });

        var failure = Assert.Throws<OptionsValidationException>(() => services.Services.GetRequiredService<BuiltInServers>());

        Assert.Contains(key.Replace(":", "__", StringComparison.Ordinal), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BuiltInSession.Modern)]
    [InlineData(BuiltInSession.Legacy)]
    public async Task Each_tool_says_what_it_takes_gives_and_does(string era)
    {
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings, era);

        var tools = await session.Client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(era, session.Client.NegotiatedProtocolVersion);
        Assert.Equal(["get_build", "get_console_log", "get_job", "get_queue_item", "list_jobs", "trigger_build", "wait_for_build"], tools.Select(tool => tool.Name).Order(StringComparer.Ordinal));
        Assert.All(tools, tool =>
        {
            var definition = tool.ProtocolTool;
            Assert.True(definition is { Title.Length: > 0, Description.Length: > 30, Annotations: { ReadOnlyHint: not null, DestructiveHint: not null, IdempotentHint: not null, OpenWorldHint: true } });
            Assert.Equal("object", definition.OutputSchema!.Value.GetProperty("type").GetString());
            Assert.All(definition.InputSchema.GetProperty("properties").EnumerateObject(), property => Assert.True(property.Value.TryGetProperty("description", out _), property.Name));
            Assert.Equal(tool.Name != "trigger_build", definition.Annotations.ReadOnlyHint);
        });
        Assert.Equal("job", Assert.Single(tools.Single(tool => tool.Name == "get_job").JsonSchema.GetProperty("required").EnumerateArray()).GetString());
    }

    [Theory]
    [InlineData(BuiltInSession.Modern)]
    [InlineData(BuiltInSession.Legacy)]
    public async Task Jobs_are_listed_page_by_page_with_folders(string era)
    {
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings, era);

        var first = await session.CallAsync("list_jobs", new { limit = 2 });
        var last = await session.CallAsync("list_jobs", new { limit = 2, offset = 2 });

        Assert.Equal("""[{"full_name":"team","is_folder":true,"last_result":null,"is_running":false},{"full_name":"site","is_folder":false,"last_result":"success","is_running":true}]""", first.GetProperty("jobs").GetRawText());
        Assert.Equal(2, first.GetProperty("next_offset").GetInt32());
        Assert.Equal(JsonValueKind.Null, last.GetProperty("next_offset").ValueKind);
    }

    [Fact]
    public async Task A_job_tells_its_parameters_but_no_password()
    {
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        var result = await session.SendAsync("get_job", new { job = "team/de ploy" });

        Assert.Contains("STAGE (choice, one of test | live; default test) Where to", BuiltInSession.Text(result), StringComparison.Ordinal);
        Assert.Equal(3, result.StructuredContent!.Value.GetProperty("parameters").GetArrayLength());
        Assert.DoesNotContain("canary", JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_build_is_started_with_its_parameters_and_a_crumb_where_one_is_needed(bool needsCrumb)
    {
        jenkins.NeedsCrumb = needsCrumb;
        jenkins.Patience = 1;
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        var queued = await session.CallAsync("trigger_build", new { job = "team/de ploy", parameters = new { STAGE = "live & kicking" } });

        Assert.Equal((41, 8), (queued.GetProperty("queue_id").GetInt32(), queued.GetProperty("build").GetInt32()));
        Assert.Equal("live & kicking", Assert.Single(jenkins.Started)["STAGE"]);
    }

    [Fact]
    public async Task A_build_that_waits_in_the_queue_is_not_started_again()
    {
        jenkins.Patience = 1;
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        var queued = await session.CallAsync("trigger_build", new { job = "site", queue_wait_seconds = 0 });
        var later = await session.CallAsync("get_queue_item", new { queue_id = 41 });
        var cancelled = await session.CallAsync("get_queue_item", new { queue_id = 42 });

        Assert.Equal(JsonValueKind.Null, queued.GetProperty("build").ValueKind);
        Assert.Equal("Waiting for next available executor", queued.GetProperty("waiting_for").GetString());
        Assert.Equal(8, later.GetProperty("build").GetInt32());
        Assert.True(cancelled.GetProperty("is_cancelled").GetBoolean());
        Assert.Empty(Assert.Single(jenkins.Started));
    }

    [Theory]
    [InlineData(BuiltInSession.Modern)]
    [InlineData(BuiltInSession.Legacy)]
    public async Task Waiting_tells_its_progress_and_then_the_result(string era)
    {
        jenkins.Patience = 3;
        ConcurrentQueue<string?> told = new();
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings, era);

        var result = await session.SendAsync("wait_for_build", new { job = "site" }, new Told(told));

        var build = result.StructuredContent!.Value;
        Assert.Equal((true, "failure"), (build.GetProperty("is_finished").GetBoolean(), build.GetProperty("result").GetString()));
        Assert.Equal("""{"A":"b"}""", build.GetProperty("parameters").GetRawText());
        Assert.Contains("Read get_console_log", BuiltInSession.Text(result), StringComparison.Ordinal);
        Assert.Contains("Build 8 is running.", told);
    }

    [Fact]
    public async Task Waiting_ends_when_its_time_is_over()
    {
        jenkins.Patience = int.MaxValue;
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        var build = await session.CallAsync("wait_for_build", new { job = "site", build = 8, timeout_seconds = 1 });

        Assert.False(build.GetProperty("is_finished").GetBoolean());
    }

    [Fact]
    public async Task The_log_is_read_from_its_end_or_from_a_position_and_never_more_than_asked()
    {
        jenkins.Log = new string('a', 5000) + new string('z', 1000) + "\n";
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        var end = await session.CallAsync("get_console_log", new { job = "site", max_bytes = 1024 });
        var beginning = await session.CallAsync("get_console_log", new { job = "site", build = 8, start = 0, max_bytes = 1024 });
        var beyond = await session.RefusedAsync("get_console_log", new { job = "site", start = 7000 });

        Assert.Equal((4977L, 6001L, false), (end.GetProperty("start").GetInt64(), end.GetProperty("next_start").GetInt64(), end.GetProperty("has_more").GetBoolean()));
        Assert.EndsWith("z\n", end.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal((1024L, true), (beginning.GetProperty("next_start").GetInt64(), beginning.GetProperty("has_more").GetBoolean()));
        Assert.Equal(1024, beginning.GetProperty("text").GetString()!.Length);
        Assert.Contains("only 6001 bytes", beyond, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "Call list_jobs")]
    [InlineData("secret", "may not do this")]
    [InlineData("busy", "in 7 s")]
    [InlineData("broken", "error of its own (500)")]
    [InlineData("moved", "sends requests elsewhere")]
    [InlineData("slow", "within 1 s")]
    [InlineData("huge", "larger than")]
    [InlineData("html", "not of its API")]
    [InlineData("../../script", "no address")]
    [InlineData("a//b", "no address")]
    [InlineData("a\0b", "no address")]
    public async Task A_failure_says_what_to_do(string job, string words)
    {
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        var text = await session.RefusedAsync("get_job", new { job });

        Assert.Contains(words, text, StringComparison.Ordinal);
        Assert.DoesNotContain(JenkinsStandIn.Token, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_cannot_be_started_says_why()
    {
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);
        var parameters = new { A = "b" };

        Assert.Contains("disabled", await session.RefusedAsync("trigger_build", new { job = "disabled", parameters }), StringComparison.Ordinal);
        Assert.Contains("Call get_job", await session.RefusedAsync("trigger_build", new { job = "strict", parameters }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_that_do_not_fit_are_refused_before_anything_is_asked()
    {
        await using var session = await BuiltInSession.StartAsync("jenkins", jenkins.Settings);

        Assert.Contains("limit must be 1 to 200", await session.RefusedAsync("list_jobs", new { limit = 0 }), StringComparison.Ordinal);
        Assert.Contains("input schema", await session.RefusedAsync("list_jobs", new { unknown = 1 }), StringComparison.Ordinal);
        Assert.Contains("input schema", await session.RefusedAsync("get_job", new { }), StringComparison.Ordinal);
        Assert.Contains("input schema", await session.RefusedAsync("get_job", new { job = 7 }), StringComparison.Ordinal);
        Assert.Contains("input schema", await session.RefusedAsync("get_job", new { job = (string?)null }), StringComparison.Ordinal);
        Assert.Empty(jenkins.Requests);
    }

    [Fact]
    public async Task Wrong_credentials_and_an_unreachable_server_are_told_apart()
    {
        await using var locked = await BuiltInSession.StartAsync("jenkins", new(jenkins.Settings, StringComparer.Ordinal) { ["Jenkins:ApiToken"] = "canary-wrong" });
        await using var away = await BuiltInSession.StartAsync("jenkins", new(jenkins.Settings, StringComparer.Ordinal) { ["Jenkins:Url"] = "http://127.0.0.1:1" });

        var refused = await locked.RefusedAsync("list_jobs", new { });

        Assert.Contains("credentials", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", await away.RefusedAsync("list_jobs", new { }), StringComparison.Ordinal);
    }

    private sealed class Told(ConcurrentQueue<string?> messages) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => messages.Enqueue(value.Message);
    }
}
