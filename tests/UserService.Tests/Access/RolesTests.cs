using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class RolesTests(UserServiceApplication app)
{
    private const string Route = "/api/permissions/roles";

    [Fact]
    public async Task A_role_is_made_read_changed_and_deleted_and_all_of_it_is_on_record()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var name = NewSlug();

        var made = await client.PostAsJsonAsync(Route, new { name, description = "Looks", permissions = new[] { "mcp.servers.read", "db.query" } });
        Assert.Equal((HttpStatusCode.Created, $"{Route}/{name}"), (made.StatusCode, made.Headers.Location?.OriginalString));
        Assert.Equal(["db.query", "mcp.servers.read"], (await client.GetFromJsonAsync<JsonElement>($"{Route}/{name}")).Strings("permissions"));
        var changed = await (await client.PutAsJsonAsync($"{Route}/{name}", new { description = "Talks", permissions = new[] { "mcp.chat" } })).JsonAsync();
        Assert.Equal("Talks", changed.GetProperty("description").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"{Route}/{name}")).StatusCode);
        await (await client.GetAsync($"{Route}/{name}")).AssertProblemAsync(HttpStatusCode.NotFound);

        var update = await activities.WaitForAsync(activity => activity.Action == "roles.update" && activity.Target == name);
        Assert.Equal(["db.query", "mcp.servers.read"], update.OldValues!.Value.Strings("permissions"));
        Assert.Equal(["mcp.chat"], update.NewValues!.Value.Strings("permissions"));
        await activities.WaitForAsync(activity => activity.Action == "roles.create" && activity.Target == name);
        await activities.WaitForAsync(activity => activity.Action == "roles.delete" && activity.Target == name && activity.OldValues!.Value.Strings("permissions") is ["mcp.chat"]);
    }

    [Fact]
    public async Task A_changed_role_tells_all_who_hold_it_by_themselves_or_through_a_team()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var (role, team) = (await app.CreateRoleAsync("db.query"), NewSlug());
        var own = await app.CreateUserAsync(null, role);
        var member = await app.CreateUserAsync(null, "user");
        var disabled = await app.CreateUserAsync(null, role);
        await client.PatchAsJsonAsync($"/api/users/{disabled}", new { is_active = false });
        await client.PostAsJsonAsync("/api/permissions/teams", new { name = team, roles = new[] { role } });
        await client.PutAsync($"/api/permissions/teams/{team}/members/{member}", null);

        Assert.Equal(HttpStatusCode.OK, (await client.PutAsJsonAsync($"{Route}/{role}", new { permissions = new[] { "mcp.chat", "audit.read" } })).StatusCode);

        Assert.Equal(["audit.read", "mcp.chat"], (await grants.WaitForAsync(fact => fact.UserId == own)).Permissions);
        var second = await grants.WaitForAsync(fact => fact.UserId == member && fact.Version == 2);
        Assert.Contains("audit.read", second.Permissions);
        Assert.Equal([role, "user"], second.Roles.OrderBy(name => name == "user"));
        Assert.Equal([team], second.Teams);
        Assert.DoesNotContain(grants.All(fact => fact.UserId == disabled), fact => fact.Permissions.Count > 0);
    }

    [Fact]
    public async Task Seven_hundred_holders_are_told_in_one_request()
    {
        using var client = app.Admin();
        var role = await app.CreateRoleAsync("db.query");
        await app.InDatabaseAsync(async db =>
        {
            for (var index = 0; index < 700; index++)
            {
                db.Add(UserService.Users.User.Create(Guid.CreateVersion7(), UserServiceApplication.NewName(), null, [role], DateTimeOffset.UtcNow));
            }

            return await db.SaveChangesAsync();
        });

        Assert.Equal(HttpStatusCode.OK, (await client.PutAsJsonAsync($"{Route}/{role}", new { permissions = new[] { "mcp.chat" } })).StatusCode);

        Assert.Equal(700, await app.InDatabaseAsync(db => db.Users.CountAsync(user => user.GrantsVersion == 1 && user.Roles.Any(held => held.RoleName == role))));
    }

    [Fact]
    public async Task Nobody_defines_changes_or_deletes_a_role_with_permissions_that_they_do_not_hold()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var manager = app.ClientWith(Permissions.PermissionsManage, "mcp.chat");
        var (mine, above) = (await app.CreateRoleAsync("mcp.chat"), await app.CreateRoleAsync("users.manage"));
        var name = NewSlug();

        await (await manager.PostAsJsonAsync(Route, new { name, permissions = new[] { "users.manage" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await manager.PutAsJsonAsync($"{Route}/{mine}", new { permissions = new[] { "mcp.chat", "audit.read" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await manager.PutAsJsonAsync($"{Route}/{above}", new { permissions = Array.Empty<string>() })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await manager.DeleteAsync($"{Route}/{above}")).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await manager.PutAsJsonAsync($"{Route}/{mine}", new { permissions = Array.Empty<string>() })).StatusCode);

        await activities.WaitForAsync(activity => activity.Action == "roles.create" && activity.Target == name && activity.Outcome == "denied");
        Assert.False(await app.InDatabaseAsync(db => db.Roles.AnyAsync(role => role.Name == name)));
    }

    [Fact]
    public async Task Built_in_roles_stay_as_they_are()
    {
        using var client = app.Admin();

        foreach (var role in BuiltInRoles.Permissions.Keys)
        {
            await (await client.PutAsJsonAsync($"{Route}/{role}", new { permissions = Array.Empty<string>() })).AssertProblemAsync(HttpStatusCode.Conflict);
            await (await client.DeleteAsync($"{Route}/{role}?force=true")).AssertProblemAsync(HttpStatusCode.Conflict);
            await (await client.PostAsJsonAsync(Route, new { name = role, permissions = Array.Empty<string>() })).AssertProblemAsync(HttpStatusCode.Conflict);
        }
    }

    [Fact]
    public async Task A_role_in_use_is_deleted_only_by_force_and_then_taken_from_everywhere()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var (role, team) = (await app.CreateRoleAsync("db.query"), NewSlug());
        var user = await app.CreateUserAsync(null, role);
        await client.PostAsJsonAsync("/api/permissions/teams", new { name = team, roles = new[] { role } });
        await client.PutAsJsonAsync("/api/permissions/grants", new { subject_type = "role", subject = role, rules = new[] { new { effect = "deny", resource = "server:x" } } });

        var refused = await (await client.DeleteAsync($"{Route}/{role}")).AssertProblemAsync(HttpStatusCode.Conflict);
        Assert.Contains("1 users, 1 teams, 1 rules", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"{Route}/{role}?force=true")).StatusCode);

        Assert.Empty((await grants.WaitForAsync(fact => fact.UserId == user)).Permissions);
        Assert.Empty((await client.GetFromJsonAsync<JsonElement>($"/api/permissions/teams/{team}")).Strings("roles"));
        Assert.False(await app.InDatabaseAsync(db => db.Grants.AnyAsync(rule => rule.Subject == role)));
    }

    [Theory]
    [InlineData("""{"name":"Upper","permissions":[]}""", "name")]
    [InlineData("""{"name":"-a","permissions":[]}""", "name")]
    [InlineData("""{"name":"a b","permissions":[]}""", "name")]
    [InlineData("""{"name":"a/b","permissions":[]}""", "name")]
    [InlineData("""{"name":"","permissions":[]}""", "name")]
    [InlineData("""{"name":"a12345678901234567890123456789012345678901234567890123456789012345","permissions":[]}""", "name")]
    [InlineData("""{"name":"good"}""", "permissions")]
    [InlineData("""{"name":"good","permissions":["no.such"]}""", "permissions")]
    [InlineData("""{"name":"good","permissions":["accounts.manage"]}""", "permissions")]
    [InlineData("""{"name":"good","permissions":[null]}""", "permissions")]
    [InlineData("""{"name":"good","permissions":[],"description":"a\nb"}""", "description")]
    public async Task What_is_no_role_is_400(string body, string field)
    {
        using var client = app.Admin();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await client.PostAsync(Route, content)).AssertInvalidAsync(field);
    }

    [Theory]
    [InlineData("Admin")]
    [InlineData("no-such-role")]
    [InlineData("..%2Fme")]
    public async Task A_role_that_is_not_there_is_404(string name)
    {
        using var client = app.Admin();

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"{Route}/{name}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.DeleteAsync($"{Route}/{name}?force=true")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PutAsJsonAsync($"{Route}/{name}", new { permissions = Array.Empty<string>() })).StatusCode);
    }

    [Fact]
    public async Task Roles_are_listed_in_pages_and_managed_with_the_permission_alone()
    {
        using var client = app.Admin();
        using var other = app.ClientWith(Permissions.UsersManage, Permissions.UsersRead);
        for (var index = 0; index < 3; index++)
        {
            await app.CreateRoleAsync();
        }

        List<string> names = [];
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"{Route}?limit=2&cursor={cursor}");
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(role => role.GetProperty("name").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(await app.InDatabaseAsync(db => db.Roles.Select(role => role.Name).Order().ToListAsync()), names);
        await (await client.GetAsync($"{Route}?limit=-1")).AssertInvalidAsync("limit");
        await (await client.GetAsync($"{Route}?cursor=!")).AssertInvalidAsync("cursor");
        await (await other.PostAsJsonAsync(Route, new { name = NewSlug(), permissions = Array.Empty<string>() })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await other.DeleteAsync($"{Route}/user")).AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    private static string NewSlug() => UserServiceApplication.NewSlug();
}
