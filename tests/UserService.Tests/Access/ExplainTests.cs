using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class ExplainTests(UserServiceApplication app)
{
    private const string Route = "/api/permissions/explain";

    /// <summary>Owners, shared connections, teams that own one, rules that allow and deny, a disabled owner, a connection that is not there: the same verdict twice.</summary>
    [Fact]
    public async Task What_explain_says_is_what_the_connections_answer()
    {
        using var admin = app.Admin();
        var role = await app.CreateRoleAsync("db.query", "db.connections.manage");
        var (ann, bob, eve, gone) = (await NewAsync("user"), await NewAsync(role, "user"), await NewAsync("auditor"), await NewAsync("user"));
        Dictionary<string, Guid> connections = [];
        foreach (var (owner, name, shared) in new[] { (ann, "mine", ""), (ann, "shared", role), (ann, "denied", role), (ann, "teams", ""), (ann, "granted", ""), (gone, "late", role) })
        {
            connections[$"connection:{owner.Name}/{name}"] = await ConnectAsync(owner, name, shared);
        }

        var team = await app.CreateTeamAsync([], $"connection:{ann.Name}/teams");
        await admin.PutAsync($"/api/permissions/teams/{team}/members/{bob.Id}", null);
        await RulesAsync(admin, "role", role, ("deny", $"connection:{ann.Name}/den*"));
        await RulesAsync(admin, "user", eve.Name, ("allow", $"connection:{ann.Name}/granted"));
        await RulesAsync(admin, "user", bob.Name, ("allow", $"connection:{ann.Name}/granted"));
        await admin.PatchAsJsonAsync($"/api/users/{gone.Id}", new { is_active = false });

        List<string> reasons = [];
        foreach (var person in new[] { ann, bob, eve, gone })
        {
            var explained = new Dictionary<string, JsonElement>();
            foreach (var (resource, id) in connections)
            {
                var (query, manage) = (await ExplainAsync(admin, person.Name, "db.query", resource), await ExplainAsync(admin, person.Id.ToString(), "db.connections.manage", resource));
                using var client = ClientFor(person, query);
                var answer = await client.GetAsync($"/api/db/connections/{id}");

                var allowed = query.GetProperty("allowed").GetBoolean() || manage.GetProperty("allowed").GetBoolean();
                var expected = Permissions(person, query).Length == 0 ? HttpStatusCode.Forbidden : allowed ? HttpStatusCode.OK : HttpStatusCode.NotFound;
                Assert.True(expected == answer.StatusCode, $"{person.Name} {resource}: {answer.StatusCode}, but {query.GetRawText()}");
                explained[resource] = query;
            }

            reasons.AddRange(explained.Values.Select(answer => answer.GetProperty("reason").GetString()!));
        }

        Assert.Equal(
            ["allowed_by_rule", "denied_by_rule", "nothing_allows", "owner", "permission_not_held", "shared_with_role", "unknown_resource", "user_disabled"],
            reasons.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Explain_names_the_rule_the_role_and_what_it_leaves_out()
    {
        using var admin = app.Admin();
        var role = await app.CreateRoleAsync("mcp.tools.call");
        var user = await NewAsync(role);

        var before = await ExplainAsync(admin, user.Name, "mcp.tools.call", "tool:github/delete_repo");
        var saved = await RulesAsync(admin, "role", role, ("deny", "tool:github/delete_*"));
        var after = await ExplainAsync(admin, user.Name, "mcp.tools.call", "tool:github/delete_repo");

        Assert.Equal((true, "allowed_by_role", role), (before.GetProperty("allowed").GetBoolean(), before.GetProperty("reason").GetString(), before.GetProperty("role").GetString()));
        Assert.Equal((false, "denied_by_rule"), (after.GetProperty("allowed").GetBoolean(), after.GetProperty("reason").GetString()));
        Assert.Equal(saved.GetProperty("rules")[0].GetProperty("id").GetString(), after.GetProperty("rule").GetProperty("id").GetString());
        Assert.Contains("tool:github/delete_*", after.GetProperty("explanation").GetString(), StringComparison.Ordinal);
        Assert.Equal([role], after.Strings("roles"));
        Assert.Contains("narrowed", after.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal("allowed_by_permission", (await ExplainAsync(admin, user.Name, "mcp.tools.call", null)).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Explain_answers_401_403_and_400()
    {
        using var anonymous = app.Anonymous();
        using var other = app.ClientWith(Contracts.Identity.Permissions.UsersManage);
        using var admin = app.Admin();
        var user = await app.CreateUserAsync();

        await (await anonymous.GetAsync($"{Route}?user={user}&permission=db.query")).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await other.GetAsync($"{Route}?user={user}&permission=db.query")).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.GetAsync($"{Route}?permission=db.query")).AssertInvalidAsync("user");
        await (await admin.GetAsync($"{Route}?user={user}")).AssertInvalidAsync("permission");
        await (await admin.GetAsync($"{Route}?user=no-such&permission=db.query")).AssertInvalidAsync("user");
        await (await admin.GetAsync($"{Route}?user={user}&permission=no.such")).AssertInvalidAsync("permission");
        await (await admin.GetAsync($"{Route}?user={user}&permission=db.query&resource=tool:")).AssertInvalidAsync("resource");
        await (await admin.GetAsync($"{Route}?user={user}&permission=db.query&resource=server:*")).AssertInvalidAsync("resource");
    }

    private static string[] Permissions(Person person, JsonElement explained) => person.IsAuditor || explained.GetProperty("reason").GetString() == "user_disabled"
        ? []
        : [Contracts.Identity.Permissions.DbQuery, Contracts.Identity.Permissions.DbConnectionsManage];

    // The token that AuthService would make: with the roles and teams that explain found.
    private HttpClient ClientFor(Person person, JsonElement explained) => app.ClientFor(person.Name, new Caller
    {
        UserId = person.Id, Roles = explained.Strings("roles"), Teams = explained.Strings("teams"), Permissions = Permissions(person, explained).ToHashSet(),
    });

    private async Task<Person> NewAsync(params string[] roles)
    {
        var name = UserServiceApplication.NewName();
        return new(await app.CreateUserAsync(name, roles), name, roles is ["auditor"]);
    }

    private async Task<Guid> ConnectAsync(Person owner, string name, string shared)
    {
        using var client = app.ClientFor(owner.Id, owner.Name, Contracts.Identity.Permissions.DbConnectionsManage);
        var response = await client.PostAsJsonAsync("/api/db/connections", new
        {
            name, database_type = "postgresql", host = "127.0.0.1", database = "x", username = "x", password = "x", shared_with_roles = shared.Length == 0 ? [] : new[] { shared },
        });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.JsonAsync()).GetProperty("id").GetGuid();
    }

    private static async Task<JsonElement> ExplainAsync(HttpClient client, string user, string permission, string? resource)
    {
        var response = await client.GetAsync($"{Route}?user={user}&permission={permission}{(resource is null ? "" : $"&resource={Uri.EscapeDataString(resource)}")}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.JsonAsync();
    }

    private static async Task<JsonElement> RulesAsync(HttpClient client, string type, string subject, params (string Effect, string Resource)[] rules)
    {
        var response = await client.PutAsJsonAsync(
            "/api/permissions/grants", new { subject_type = type, subject, rules = rules.Select(rule => new { effect = rule.Effect, resource = rule.Resource }) });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.JsonAsync();
    }

    private sealed record Person(Guid Id, string Name, bool IsAuditor);
}
