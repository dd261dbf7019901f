using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class GrantsTests(UserServiceApplication app)
{
    private const string Route = "/api/permissions/grants";

    [Fact]
    public async Task The_rules_of_a_subject_are_replaced_and_those_that_stay_keep_their_id()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var role = await app.CreateRoleAsync();

        var first = await (await PutAsync(client, "role", role, Allow("server:a"), Deny("tool:a/rm*", "mcp.tools.call"))).JsonAsync();
        var second = await (await PutAsync(client, "role", role, Deny("tool:a/rm*", "mcp.tools.call"), Allow("server:b"))).JsonAsync();

        Assert.Equal(Rules(first)["tool:a/rm*"], Rules(second)["tool:a/rm*"]);
        Assert.Equal(["server:b", "tool:a/rm*"], Rules(second).Keys.Order(StringComparer.Ordinal));
        Assert.True(second.GetProperty("version").GetInt64() > first.GetProperty("version").GetInt64());
        var listed = await client.GetFromJsonAsync<JsonElement>($"{Route}?subject_type=role&subject={role}");
        Assert.Equal(2, listed.GetProperty("items").GetArrayLength());
        Assert.Equal(second.GetProperty("version").GetInt64(), listed.GetProperty("version").GetInt64());
        var activity = await activities.WaitForAsync(one => one.Action == "grants.set" && one.Target == $"role:{role}" && one.OldValues?.GetProperty("rules").GetArrayLength() == 2);
        Assert.Equal("server:b", activity.NewValues!.Value.GetProperty("rules").EnumerateArray().Last().GetProperty("resource").GetString());
    }

    [Fact]
    public async Task Each_change_makes_a_newer_policy_and_no_change_makes_none()
    {
        await using var policies = await app.ListenAsync<AccessPolicyChanged>();
        using var client = app.Admin();
        var (role, team) = (await app.CreateRoleAsync("db.query"), await app.CreateTeamAsync([], "server:owned"));

        var version = (await (await PutAsync(client, "team", team, Allow("server:a"))).JsonAsync()).GetProperty("version").GetInt64();
        var again = (await (await PutAsync(client, "team", team, Allow("server:a"))).JsonAsync()).GetProperty("version").GetInt64();

        Assert.Equal(version, again);
        var policy = (await policies.WaitForAsync(fact => fact.Version == version)).Policy;
        Assert.Equal(version, policy.Version);
        Assert.Contains(policy.Roles, one => one.Name == role && one.Permissions.SequenceEqual(["db.query"]));
        Assert.Contains(policy.Rules, rule => rule.Subject == team && rule.Resource == "server:a");
        Assert.Contains(policy.Owners, owner => owner.Team == team && owner.Resource == "server:owned");
        Assert.Equal(version, await app.InDatabaseAsync(async db => (await db.LoadAccessPolicyAsync(CancellationToken.None))!.Version));
    }

    [Fact]
    public async Task Who_asks_for_the_policy_is_told_the_newest_again()
    {
        await using var policies = await app.ListenAsync<AccessPolicyChanged>();
        var version = await app.InDatabaseAsync(async db => (await db.LoadAccessPolicyAsync(CancellationToken.None))!.Version);
        var question = new AccessPolicyRequested { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow };

        await app.PublishAsync(question);
        await app.PublishAsync(question);
        await policies.WaitForAsync(fact => fact.Version == version);
        await app.PublishAsync(question with { EventId = Guid.CreateVersion7() });

        while (policies.All(fact => fact.Version == version).Count < 2)
        {
            await policies.WaitForAsync(fact => fact.Version == version);
            await Task.Delay(20);
        }

        Assert.Equal(BuiltInRoles.Permissions.Count, (await policies.WaitForAsync(_ => true)).Policy.Roles.Count(role => BuiltInRoles.Permissions.ContainsKey(role.Name)));
    }

    [Fact]
    public async Task Of_two_who_saw_the_same_version_one_is_refused()
    {
        using var client = app.Admin();
        var role = await app.CreateRoleAsync();
        var seen = (await client.GetFromJsonAsync<JsonElement>(Route)).GetProperty("version").GetInt64();

        var answers = await Task.WhenAll(
            client.PutAsJsonAsync(Route, new { subject_type = "role", subject = role, rules = new[] { Allow("server:a") }, expected_version = seen }),
            client.PutAsJsonAsync(Route, new { subject_type = "role", subject = role, rules = new[] { Allow("server:b") }, expected_version = seen }));

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], answers.Select(answer => answer.StatusCode).Order());
    }

    [Fact]
    public async Task A_user_is_named_by_id_or_by_name()
    {
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();
        var id = await app.CreateUserAsync(name);

        var saved = await (await PutAsync(client, "user", name, Allow("server:a"))).JsonAsync();

        Assert.Equal(id.ToString(), saved.GetProperty("subject").GetString());
        Assert.Single((await client.GetFromJsonAsync<JsonElement>($"{Route}?subject_type=user&subject={id}")).GetProperty("items").EnumerateArray());
        using var me = app.ClientFor(id, name);
        var mine = (await me.GetFromJsonAsync<JsonElement>("/api/permissions/me")).GetProperty("rules").EnumerateArray();
        Assert.Equal("server:a", mine.Single(rule => rule.GetProperty("subject_type").GetString() == "user").GetProperty("resource").GetString());
    }

    [Fact]
    public async Task Nobody_makes_rules_on_permissions_that_they_do_not_hold_nor_about_themselves()
    {
        using var admin = app.Admin();
        var manager = await app.CreateUserAsync();
        var role = await app.CreateRoleAsync();
        using var client = app.ClientFor(manager, "manager", claims => claims.Add(new(PlatformClaims.Role, "user")), [Permissions.PermissionsManage, .. BuiltInRoles.Permissions["user"]]);
        await PutAsync(admin, "role", role, Deny("server:x", "mcp.servers.manage"));

        await (await PutAsync(client, "role", role, Allow("server:a", "mcp.servers.manage"))).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(client, "role", role, Allow("server:a"))).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(client, "role", role)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(client, "user", manager.ToString(), Allow("server:a", "mcp.tools.call"))).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(client, "role", "user", Allow("server:a", "mcp.tools.call"))).AssertProblemAsync(HttpStatusCode.Forbidden);
        var other = await app.CreateUserAsync();
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, "user", other.ToString(), Allow("server:a", "mcp.tools.call"))).StatusCode);
    }

    [Theory]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"allow","resource":"nothing"}]}""", "rules[0].resource")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"allow","resource":"server:"}]}""", "rules[0].resource")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"allow","resource":"server:a\u0007"}]}""", "rules[0].resource")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"allow","resource":"server:#"}]}""", "rules[0].resource")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"resource":"server:a"}]}""", "rules[0].effect")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[null]}""", "rules[0].effect")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"allow","resource":"server:a","permissions":["no.such"]}]}""", "permissions")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"allow","resource":"server:a","permissions":[]}]}""", "rules[0].permissions")]
    [InlineData("""{"subject_type":"role","subject":"no-such","rules":[]}""", "subject")]
    [InlineData("""{"subject_type":"user","subject":"no-such","rules":[]}""", "subject")]
    [InlineData("""{"subject_type":"team","subject":"no-such","rules":[]}""", "subject")]
    [InlineData("""{"subject_type":"role","rules":[]}""", "subject")]
    [InlineData("""{"subject":"auditor","rules":[]}""", "subject_type")]
    [InlineData("""{"subject_type":"role","subject":"auditor"}""", "rules")]
    public async Task What_is_no_rule_is_400(string body, string field)
    {
        using var client = app.Admin();
        using var content = new StringContent(body.Replace("#", new string('a', 256), StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json");

        await (await client.PutAsync(Route, content)).AssertInvalidAsync(field);
    }

    [Theory]
    [InlineData("""{"subject_type":"all","subject":"auditor","rules":[]}""")]
    [InlineData("""{"subject_type":1,"subject":"auditor","rules":[]}""")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[{"effect":"perhaps","resource":"server:a"}]}""")]
    [InlineData("""{"subject_type":"role","subject":"auditor","rules":[],"more":1}""")]
    public async Task What_is_no_request_is_400(string body)
    {
        using var client = app.Admin();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await client.PutAsync(Route, content)).AssertProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Grants_answer_401_403_and_400()
    {
        using var anonymous = app.Anonymous();
        using var other = app.ClientWith(Permissions.UsersManage);
        using var admin = app.Admin();

        await (await anonymous.GetAsync(Route)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await other.GetAsync(Route)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(other, "role", "auditor")).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.GetAsync($"{Route}?subject_type=nothing")).AssertInvalidAsync("subject_type");
        await (await admin.GetAsync($"{Route}?subject=auditor")).AssertInvalidAsync("subject_type");
        await (await admin.GetAsync($"{Route}?subject_type=user&subject=%00")).AssertInvalidAsync("subject");
        await (await admin.GetAsync($"{Route}?cursor=abc")).AssertInvalidAsync("cursor");
    }

    [Fact]
    public async Task All_rules_together_are_bounded()
    {
        using var client = app.Admin();
        var (role, another) = (await app.CreateRoleAsync(), await app.CreateRoleAsync());
        var room = 2_000 - await app.InDatabaseAsync(db => db.Grants.CountAsync());

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, "role", role, [.. Enumerable.Range(0, room).Select(number => Deny($"server:{number}"))])).StatusCode);
        await (await PutAsync(client, "role", another, Deny("server:more"))).AssertProblemAsync(HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, "role", role)).StatusCode);
    }

    private static object Allow(string resource, params string[] permissions) => Rule("allow", resource, permissions);

    private static object Deny(string resource, params string[] permissions) => Rule("deny", resource, permissions);

    private static object Rule(string effect, string resource, string[] permissions) => new { effect, resource, permissions = permissions.Length == 0 ? null : permissions };

    private static Dictionary<string, string> Rules(JsonElement answer) =>
        answer.GetProperty("rules").EnumerateArray().ToDictionary(rule => rule.GetProperty("resource").GetString()!, rule => rule.GetProperty("id").GetString()!);

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string type, string subject, params object[] rules) =>
        client.PutAsJsonAsync(Route, new { subject_type = type, subject, rules });
}
