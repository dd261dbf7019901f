using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class TeamsTests(UserServiceApplication app)
{
    private const string Route = "/api/permissions/teams";

    [Fact]
    public async Task A_team_is_made_read_changed_and_deleted_and_all_of_it_is_on_record()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var name = UserServiceApplication.NewSlug();

        var made = await client.PostAsJsonAsync(Route, new { name, description = "Data", roles = new[] { "auditor" }, owns = new[] { "server:a", "bundle:b" } });
        Assert.Equal((HttpStatusCode.Created, $"{Route}/{name}"), (made.StatusCode, made.Headers.Location?.OriginalString));
        var changed = await (await client.PutAsJsonAsync($"{Route}/{name}", new { roles = Array.Empty<string>(), owns = new[] { "connection:ann/prod", "server:a" } })).JsonAsync();
        Assert.Equal(["connection:ann/prod", "server:a"], changed.Strings("owns"));
        await (await client.DeleteAsync($"{Route}/{name}")).AssertProblemAsync(HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"{Route}/{name}?force=true")).StatusCode);
        await (await client.GetAsync($"{Route}/{name}")).AssertProblemAsync(HttpStatusCode.NotFound);

        await activities.WaitForAsync(activity => activity.Action == "teams.create" && activity.Target == name);
        var update = await activities.WaitForAsync(activity => activity.Action == "teams.update" && activity.Target == name);
        Assert.Equal(["auditor"], update.OldValues!.Value.Strings("roles"));
        Assert.Equal(["connection:ann/prod", "server:a"], update.NewValues!.Value.Strings("owns"));
        await activities.WaitForAsync(activity => activity.Action == "teams.delete" && activity.Target == name);
    }

    [Fact]
    public async Task Members_hold_the_teams_roles_until_they_leave()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var team = await app.CreateTeamAsync(["auditor"]);
        var id = await app.CreateUserAsync();
        using var me = app.ClientFor(id, "me");

        Assert.Equal(HttpStatusCode.NoContent, (await client.PutAsync($"{Route}/{team}/members/{id}", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PutAsync($"{Route}/{team}/members/{id}", null)).StatusCode);
        var joined = await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 1);
        Assert.Equal(["auditor", "user"], joined.Roles);
        Assert.Equal([team], joined.Teams);
        Assert.Contains(Permissions.AuditRead, joined.Permissions);
        var mine = await me.GetFromJsonAsync<JsonElement>("/api/permissions/me");
        Assert.Equal((new[] { "auditor", "user" }, new[] { team }), (mine.Strings("roles"), mine.Strings("teams")), Comparer);
        Assert.Equal(id, (await client.GetFromJsonAsync<JsonElement>($"{Route}/{team}/members")).GetProperty("items")[0].GetProperty("user_id").GetGuid());

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"{Route}/{team}/members/{id}")).StatusCode);
        var left = await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 2);
        Assert.Equal(["user"], left.Roles);
        Assert.Empty(left.Teams!);
    }

    [Fact]
    public async Task A_team_that_changes_or_ends_tells_its_members()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var team = await app.CreateTeamAsync([]);
        var id = await app.CreateUserAsync();
        await client.PutAsync($"{Route}/{team}/members/{id}", null);

        await client.PutAsJsonAsync($"{Route}/{team}", new { roles = new[] { "auditor" }, owns = Array.Empty<string>() });
        await client.DeleteAsync($"{Route}/{team}?force=true");

        Assert.Equal(["auditor", "user"], (await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 2)).Roles);
        var last = await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 3);
        Assert.Equal(["user"], last.Roles);
        Assert.Empty(last.Teams!);
    }

    [Fact]
    public async Task A_team_makes_nobody_an_admin_and_gives_nothing_that_its_maker_lacks()
    {
        using var admin = app.Admin();
        var manager = await app.CreateUserAsync();
        using var client = app.ClientFor(manager, "manager", [Permissions.PermissionsManage, .. BuiltInRoles.Permissions["user"]]);
        var (user, auditors, plain) = (await app.CreateUserAsync(), await app.CreateTeamAsync(["auditor"]), await app.CreateTeamAsync(["user"]));

        await (await admin.PostAsJsonAsync(Route, new { name = UserServiceApplication.NewSlug(), roles = new[] { "admin" } })).AssertInvalidAsync("roles");
        await (await admin.PutAsJsonAsync($"{Route}/{plain}", new { roles = new[] { "admin" }, owns = Array.Empty<string>() })).AssertInvalidAsync("roles");
        await (await client.PostAsJsonAsync(Route, new { name = UserServiceApplication.NewSlug(), roles = new[] { "auditor" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await client.PutAsync($"{Route}/{auditors}/members/{user}", null)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await client.DeleteAsync($"{Route}/{auditors}?force=true")).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PutAsync($"{Route}/{plain}/members/{user}", null)).StatusCode);
    }

    [Fact]
    public async Task Nobody_but_who_holds_everything_widens_their_own_reach_through_a_team()
    {
        using var admin = app.Admin();
        var manager = await app.CreateUserAsync();
        using var client = app.ClientFor(manager, "manager", [Permissions.PermissionsManage, .. BuiltInRoles.Permissions["user"]]);
        var (mine, other) = (await app.CreateTeamAsync([]), await app.CreateTeamAsync([]));
        await admin.PutAsync($"{Route}/{mine}/members/{manager}", null);

        await (await client.PutAsync($"{Route}/{other}/members/{manager}", null)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await client.PutAsJsonAsync($"{Route}/{mine}", new { roles = Array.Empty<string>(), owns = new[] { "server:x" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsJsonAsync($"{Route}/{other}", new { roles = Array.Empty<string>(), owns = new[] { "server:x" } })).StatusCode);
    }

    [Fact]
    public async Task A_token_that_is_limited_to_resources_changes_nobodys()
    {
        var id = await app.CreateUserAsync();
        using var client = app.ClientFor(id, "key", claims => claims.Add(new(PlatformClaims.Limit, "server:github")), UserServiceApplication.AllPermissions);

        await (await client.PostAsJsonAsync(Route, new { name = UserServiceApplication.NewSlug(), owns = new[] { "server:x" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await client.PutAsJsonAsync("/api/permissions/grants", new { subject_type = "role", subject = "auditor", rules = new[] { new { effect = "allow", resource = "server:x" } } }))
            .AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("""{"name":"a","owns":["server:*"]}""", "owns")]
    [InlineData("""{"name":"a","owns":["tool:a/b"]}""", "owns")]
    [InlineData("""{"name":"a","owns":["nothing"]}""", "owns")]
    [InlineData("""{"name":"a","owns":[null]}""", "owns")]
    [InlineData("""{"name":"a","owns":["server:a\u0007"]}""", "owns")]
    [InlineData("""{"name":"a","roles":["no-such"]}""", "roles")]
    [InlineData("""{"name":"a","roles":[null]}""", "roles")]
    [InlineData("""{"name":"A"}""", "name")]
    public async Task What_is_no_team_is_400(string body, string field)
    {
        using var client = app.Admin();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await client.PostAsync(Route, content)).AssertInvalidAsync(field);
    }

    [Fact]
    public async Task Teams_answer_401_403_404_and_409()
    {
        using var anonymous = app.Anonymous();
        using var other = app.ClientWith(Permissions.UsersManage);
        using var admin = app.Admin();
        var team = await app.CreateTeamAsync([]);
        var user = await app.CreateUserAsync();

        await (await anonymous.GetAsync(Route)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await other.GetAsync(Route)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await other.PutAsync($"{Route}/{team}/members/{user}", null)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.PutAsync($"{Route}/{team}/members/{Guid.CreateVersion7()}", null)).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await admin.PutAsync($"{Route}/no-such/members/{user}", null)).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await admin.PostAsJsonAsync(Route, new { name = team })).AssertProblemAsync(HttpStatusCode.Conflict);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Teams.CountAsync(row => row.Name == team)));
    }

    private static readonly EqualityComparer<(string[], string[])> Comparer =
        EqualityComparer<(string[], string[])>.Create((one, two) => one.Item1.SequenceEqual(two.Item1) && one.Item2.SequenceEqual(two.Item2));
}
