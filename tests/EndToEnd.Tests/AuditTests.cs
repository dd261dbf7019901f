using System.Net;
using System.Text.Json;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>Each kind of act that must be on record is done once, by the API or the console, and is then found in the audit trail: who, what, to what, with which values.</summary>
public sealed class AuditTests(Platform platform)
{
    // When something changed, what it was and what it became.
    private enum Values
    {
        None,
        New,
        Old,
        Both,
    }

    [Fact]
    public async Task Every_login_denial_and_administrative_act_is_on_record_with_what_changed()
    {
        var user = await platform.NewUserAsync();
        var (me, name) = (user.Id.ToString(), $"audit-{user.Id:N}"[..30]);
        var admin = (await platform.SendAsync(HttpMethod.Get, "/api/users/me", platform.AdminToken)).GetProperty("id").GetString()!;
        var changed = $"{user.Password}-changed";

        // As the user.
        await TryAsync(HttpMethod.Post, "/api/login", null, new { username = user.Username, password = "not this one at all" }, HttpStatusCode.Unauthorized);
        await TryAsync(HttpMethod.Post, "/api/users", user.Token, new { username = "x", password = "y" }, HttpStatusCode.Forbidden);
        await TryAsync(HttpMethod.Get, "/api/analytics/summary", user.Token, null, HttpStatusCode.Forbidden);
        await TryAsync(HttpMethod.Post, "/api/mcp/servers", user.Token, new { name, url = "https://mcp.example.com/mcp" }, HttpStatusCode.Forbidden);
        var other = (await platform.LogInAsync(user.Username, user.Password)).AccessToken;
        var session = (await platform.SendAsync(HttpMethod.Get, "/api/auth/sessions", user.Token)).GetProperty("items").EnumerateArray().Single(one => !one.GetProperty("current").GetBoolean());
        await platform.SendAsync(HttpMethod.Delete, $"/api/auth/sessions/{session.GetProperty("id").GetString()}", user.Token);
        var key = (await platform.SendAsync(HttpMethod.Post, "/api/auth/api-keys", user.Token, new { name, scopes = new[] { "mcp.servers.read" } }));
        await TryAsync(HttpMethod.Get, "/api/auth/sessions", key.GetProperty("key").GetString(), null, HttpStatusCode.Forbidden);
        await platform.SendAsync(HttpMethod.Delete, $"/api/auth/api-keys/{key.GetProperty("id").GetString()}", user.Token);
        var profile = (await platform.SendAsync(HttpMethod.Post, "/api/db/connections", user.Token, new { name, database_type = "postgresql", host = "db.example.invalid", database = "a", username = "b", password = "c" })).GetProperty("id").GetString();
        await platform.SendAsync(HttpMethod.Patch, $"/api/db/connections/{profile}", user.Token, new { database = "other" });
        await platform.SendAsync(HttpMethod.Post, $"/api/db/connections/{profile}/test", user.Token);
        await TryAsync(HttpMethod.Post, $"/api/db/connections/{profile}/query", user.Token, new { query = "SELECT 1" }, HttpStatusCode.BadGateway);
        await platform.SendAsync(HttpMethod.Delete, $"/api/db/connections/{profile}", user.Token);
        await platform.SendAsync(HttpMethod.Patch, "/api/users/me", user.Token, new { email = $"{name}@example.com" });
        await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/echo/call", user.Token, new { arguments = new { message = "x" } });
        await platform.SendAsync(HttpMethod.Post, "/api/auth/change-password", user.Token, new { current_password = user.Password, new_password = changed });
        await platform.SendAsync(HttpMethod.Post, "/api/auth/totp/enroll", user.Token, new { password = changed });
        await TryAsync(HttpMethod.Post, "/api/auth/totp/confirm", user.Token, new { otp = "nothing" }, HttpStatusCode.BadRequest);
        await platform.SendAsync(HttpMethod.Post, "/api/auth/logout", user.Token);

        // As an admin.
        await platform.SendAsync(HttpMethod.Post, "/api/permissions/roles", platform.AdminToken, new { name, description = "d", permissions = new[] { "mcp.servers.read" } });
        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/roles/{name}", platform.AdminToken, new { description = "e", permissions = new[] { "mcp.tools.call" } });
        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/users/{me}/roles", platform.AdminToken, new { roles = new[] { "user", name } });
        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/users/{me}/roles", platform.AdminToken, new { roles = new[] { "user" } });
        await platform.SendAsync(HttpMethod.Delete, $"/api/permissions/roles/{name}", platform.AdminToken);
        await platform.SendAsync(HttpMethod.Post, "/api/permissions/teams", platform.AdminToken, new { name, description = "d" });
        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/teams/{name}", platform.AdminToken, new { description = "e", roles = Array.Empty<string>(), owns = Array.Empty<string>() });
        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/teams/{name}/members/{me}", platform.AdminToken);
        await platform.SendAsync(HttpMethod.Delete, $"/api/permissions/teams/{name}/members/{me}", platform.AdminToken);
        await platform.SendAsync(HttpMethod.Delete, $"/api/permissions/teams/{name}", platform.AdminToken);
        await platform.SendAsync(HttpMethod.Put, "/api/permissions/grants", platform.AdminToken, new { subject_type = "user", subject = me, rules = new[] { new { effect = "deny", resource = "tool:nothing/*" } } });
        await platform.SendAsync(HttpMethod.Patch, $"/api/users/{me}", platform.AdminToken, new { is_active = false });
        await platform.SendAsync(HttpMethod.Patch, $"/api/users/{me}", platform.AdminToken, new { is_active = true });
        var server = (await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers", platform.AdminToken, new { name, url = "https://mcp.example.com/mcp" })).GetProperty("name").GetString();
        await platform.SendAsync(HttpMethod.Patch, $"/api/mcp/servers/{server}", platform.AdminToken, new { description = "d" });
        await platform.SendAsync(HttpMethod.Delete, $"/api/mcp/servers/{server}", platform.AdminToken);

        // As an operator.
        foreach (var command in (string[])["unlock", "end-sessions", "reset-password"])
        {
            var (exitCode, said) = await platform.AdminAsync(command, user.Username);
            Assert.True(exitCode == 0, said);
        }

        Assert.Equal(0, (await platform.AdminAsync("rotate-keys")).ExitCode);
        await platform.SendAsync(HttpMethod.Delete, $"/api/users/{me}", platform.AdminToken);

        (string Action, string Outcome, string? Who, string? Target, Values Values)[] expected =
        [
            ("auth.bootstrap", "succeeded", admin, "admin", Values.New),
            ("auth.login", "succeeded", me, null, Values.None),
            ("auth.login", "denied", null, user.Username, Values.None),
            ("auth.logout", "succeeded", me, null, Values.None),
            ("auth.sessions.end", "succeeded", me, null, Values.None),
            ("auth.change_password", "succeeded", me, user.Username, Values.None),
            ("auth.totp.enroll", "succeeded", me, me, Values.None),
            ("auth.totp.confirm", "denied", me, me, Values.None),
            ("auth.api_keys.create", "succeeded", me, null, Values.New),
            ("auth.api_keys.delete", "succeeded", me, null, Values.Old),
            ("access.denied", "denied", me, "POST /api/users", Values.None),
            ("access.denied", "denied", me, "GET /api/analytics/summary", Values.None),
            ("access.denied", "denied", me, "GET /api/auth/sessions", Values.None),
            ("mcp.servers.create", "denied", me, null, Values.None),
            ("users.update_me", "succeeded", me, me, Values.Both),
            ("db.connections.create", "succeeded", me, $"{user.Username}/{name}", Values.New),
            ("db.connections.update", "succeeded", me, $"{user.Username}/{name}", Values.Both),
            ("db.connections.test", "failed", me, $"{user.Username}/{name}", Values.None),
            ("db.query", "failed", me, $"{user.Username}/{name}", Values.None),
            ("db.connections.delete", "succeeded", me, $"{user.Username}/{name}", Values.Old),
            ("mcp.tools.call", "succeeded", me, "everything/echo", Values.None),
            ("users.create", "succeeded", admin, me, Values.New),
            ("users.update", "succeeded", admin, me, Values.Both),
            ("users.delete", "succeeded", admin, me, Values.Both),
            ("roles.create", "succeeded", admin, name, Values.New),
            ("roles.update", "succeeded", admin, name, Values.Both),
            ("roles.delete", "succeeded", admin, name, Values.Old),
            ("permissions.set_roles", "succeeded", admin, me, Values.Both),
            ("teams.create", "succeeded", admin, name, Values.New),
            ("teams.update", "succeeded", admin, name, Values.Both),
            ("teams.add_member", "succeeded", admin, null, Values.Both),
            ("teams.remove_member", "succeeded", admin, null, Values.Both),
            ("teams.delete", "succeeded", admin, name, Values.Old),
            ("grants.set", "succeeded", admin, null, Values.Both),
            ("mcp.servers.create", "succeeded", admin, name, Values.New),
            ("mcp.servers.update", "succeeded", admin, name, Values.Both),
            ("mcp.servers.delete", "succeeded", admin, name, Values.Old),
            ("auth.unlock", "succeeded", "console", user.Username, Values.Both),
            ("auth.end_sessions", "succeeded", "console", user.Username, Values.Both),
            ("auth.reset_password", "succeeded", "console", user.Username, Values.Both),
            ("auth.keys.create", "succeeded", "console", null, Values.New),
        ];
        Assert.NotEqual(user.Token, other);
        var missing = expected.ToList();
        for (var until = DateTime.UtcNow.AddSeconds(10); missing.Count > 0 && DateTime.UtcNow < until; await Task.Delay(200))
        {
            foreach (var one in missing.ToList())
            {
                if (await FindAsync(one.Action, one.Outcome, one.Who, one.Target, one.Values))
                {
                    missing.Remove(one);
                }
            }
        }

        Assert.Empty(missing);
    }

    private async Task<bool> FindAsync(string action, string outcome, string? who, string? target, Values values)
    {
        var page = await platform.SendAsync(HttpMethod.Get, $"/api/analytics/activities?action={action}&outcome={outcome}&limit=500", platform.AdminToken);
        return page.GetProperty("items").EnumerateArray().Any(item =>
            (who is null || Text(item, "user_id") == who || Text(item, "username") == who)
            && (target is null || Text(item, "target") == target)
            && (Has(item, "old_values"), Has(item, "new_values")) == (values is Values.Old or Values.Both, values is Values.New or Values.Both)
            && (who == "console" || Text(item, "client_ip") is { Length: > 0 })
            && Text(item, "occurred_at") is not null);
    }

    private async Task TryAsync(HttpMethod method, string path, string? token, object? body, HttpStatusCode expected)
    {
        using var response = await platform.TryAsync(method, path, token, body);
        Assert.True(response.StatusCode == expected, $"{method} {path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    private static string? Text(JsonElement item, string property) => item.GetProperty(property) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static bool Has(JsonElement item, string property) => item.GetProperty(property).ValueKind == JsonValueKind.Object;
}
