using System.Text.Json;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>A tool call, and what is known of it afterwards.</summary>
public sealed class ToolCallJourneyTests(Platform platform)
{
    [Fact]
    public async Task A_tool_call_is_in_the_request_log_and_in_the_audit_trail_under_one_trace_within_five_seconds()
    {
        var user = await platform.NewUserAsync();

        var result = await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/get-sum/call", user.Token, new { arguments = new { a = 19, b = 23 } });

        Assert.Contains("42", result.GetProperty("content")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        var activity = await FindAsync("activities", user.Id, one => one.GetProperty("action").GetString() == "mcp.tools.call");
        var request = await FindAsync("requests", user.Id, one => one.GetProperty("path").GetString()!.EndsWith("/get-sum/call", StringComparison.Ordinal));
        Assert.Equal(("everything/get-sum", "succeeded"), (activity.GetProperty("target").GetString(), activity.GetProperty("outcome").GetString()));
        Assert.Equal((200, user.Username), (request.GetProperty("status").GetInt32(), request.GetProperty("username").GetString()));
        Assert.True(activity.GetProperty("duration_ms").GetDouble() > 0);
        Assert.Equal(request.GetProperty("trace_id").GetString(), activity.GetProperty("trace_id").GetString());
    }

    [Fact]
    public async Task A_refused_call_is_audited_too()
    {
        var auditor = await platform.NewUserAsync("auditor");

        using var response = await platform.TryAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/echo/call", auditor.Token, new { arguments = new { message = "x" } });

        Assert.Equal(System.Net.HttpStatusCode.Forbidden, response.StatusCode);
        var activity = await FindAsync("activities", auditor.Id, one => one.GetProperty("action").GetString() == "mcp.tools.call");
        Assert.Equal("denied", activity.GetProperty("outcome").GetString());
    }

    private async Task<JsonElement> FindAsync(string list, Guid userId, Func<JsonElement, bool> fits)
    {
        var found = await Platform.EventuallyAsync(TimeSpan.FromSeconds(5), async () =>
        {
            var page = await platform.SendAsync(HttpMethod.Get, $"/api/analytics/{list}?user_id={userId}&limit=100", platform.AdminToken);
            return page.GetProperty("items").EnumerateArray().Where(fits).Cast<JsonElement?>().FirstOrDefault() is { } one ? new Found(one) : null;
        }, $"it is among the {list}");
        return found.Item;
    }

    private sealed record Found(JsonElement Item);
}
