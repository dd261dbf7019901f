using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.UserService.Access;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Connections;

[Collection(UserServiceCollection.Name)]
public sealed class ConnectionsTests(UserServiceApplication app)
{
    [Fact]
    public async Task A_profile_is_kept_listed_read_and_deleted_by_its_owner_and_never_shows_its_password()
    {
        var (owner, _, username) = await app.PersonAsync();

        var response = await owner.PostAsJsonAsync(Profiles.Route, Profiles.Body());
        var text = await response.Content.ReadAsStringAsync();
        var profile = await response.JsonAsync();

        Assert.Equal(profile.PathOf(), response.Headers.Location?.OriginalString);
        Assert.DoesNotContain("password", text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(
            ("warehouse", username, true, "postgresql", "db.example.com", 5433, "sales", "reader", "require", true),
            (profile.GetProperty("name").GetString(), profile.GetProperty("owner").GetString(), profile.GetProperty("is_owner").GetBoolean(),
                profile.GetProperty("database_type").GetString(), profile.GetProperty("host").GetString(), profile.GetProperty("port").GetInt32(),
                profile.GetProperty("database").GetString(), profile.GetProperty("username").GetString(), profile.GetProperty("ssl_mode").GetString(),
                profile.GetProperty("read_only").GetBoolean()));
        Assert.Empty(profile.Strings("shared_with_roles"));
        var read = await (await owner.GetAsync(profile.PathOf())).JsonAsync();
        Assert.Equal("reader", read.GetProperty("username").GetString());
        Assert.DoesNotContain("password", read.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal([read.GetRawText()], (await (await owner.GetAsync(Profiles.Route)).JsonAsync()).GetProperty("items").EnumerateArray().Select(x => x.GetRawText()));

        Assert.Equal(HttpStatusCode.NoContent, (await owner.DeleteAsync(profile.PathOf())).StatusCode);
        await (await owner.GetAsync(profile.PathOf())).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Defaults_are_careful_and_fit_the_database()
    {
        var (owner, _, _) = await app.PersonAsync();

        var profile = await owner.CreateConnectionAsync(Profiles.Body(
            ("database_type", "mysql"), ("port", null), ("ssl_mode", null), ("read_only", null), ("shared_with_roles", null), ("host", "[2606:4700::ABCD]"), ("password", null)));

        Assert.Equal(
            (3306, "prefer", true, "2606:4700::abcd"),
            (profile.GetProperty("port").GetInt32(), profile.GetProperty("ssl_mode").GetString(), profile.GetProperty("read_only").GetBoolean(), profile.GetProperty("host").GetString()));
        Assert.Empty(profile.Strings("shared_with_roles"));
    }

    [Fact]
    public async Task What_somebody_else_owns_is_not_there()
    {
        var (owner, _, _) = await app.PersonAsync();
        var (other, _, _) = await app.PersonAsync();
        var (admin, _, _) = await app.PersonAsync(BuiltInRoles.Admin);
        var path = (await owner.CreateConnectionAsync()).PathOf();

        foreach (var stranger in new[] { other, admin })
        {
            await (await stranger.GetAsync(path)).AssertProblemAsync(HttpStatusCode.NotFound);
            await (await stranger.PatchAsJsonAsync(path, new { name = "mine" })).AssertProblemAsync(HttpStatusCode.NotFound);
            await (await stranger.DeleteAsync(path)).AssertProblemAsync(HttpStatusCode.NotFound);
            await (await stranger.PostAsync(path + "/test", null)).AssertProblemAsync(HttpStatusCode.NotFound);
            Assert.Empty((await (await stranger.GetAsync(Profiles.Route)).JsonAsync()).GetProperty("items").EnumerateArray());
        }

        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task It_is_shared_with_the_roles_that_its_owner_names_who_see_no_user_name_and_change_nothing()
    {
        var role = await NewRoleAsync();
        var (owner, _, _) = await app.PersonAsync();
        var (member, memberId, memberName) = await app.PersonAsync();
        using var sharer = app.ClientAs(memberId, memberName, role);
        var profile = await owner.CreateConnectionAsync();
        await (await sharer.GetAsync(profile.PathOf())).AssertProblemAsync(HttpStatusCode.NotFound);

        var shared = await owner.PatchAsJsonAsync(profile.PathOf(), new { shared_with_roles = new[] { role, role } });

        Assert.Equal([role], (await shared.JsonAsync()).Strings("shared_with_roles"));
        var seen = await (await sharer.GetAsync(profile.PathOf())).JsonAsync();
        Assert.False(seen.GetProperty("is_owner").GetBoolean());
        Assert.False(seen.TryGetProperty("username", out _));
        Assert.False(seen.TryGetProperty("shared_with_roles", out _));
        Assert.Single((await (await sharer.GetAsync(Profiles.Route)).JsonAsync()).GetProperty("items").EnumerateArray());
        await (await member.GetAsync(profile.PathOf())).AssertProblemAsync(HttpStatusCode.NotFound);

        using var manager = app.ClientFor(memberName, new Caller
        {
            UserId = memberId, Roles = [role], Teams = [], Permissions = new HashSet<string> { Permissions.DbQuery, Permissions.DbConnectionsManage },
        });
        await (await manager.PatchAsJsonAsync(profile.PathOf(), new { host = "evil.example.com", password = "x" })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await manager.DeleteAsync(profile.PathOf())).AssertProblemAsync(HttpStatusCode.Forbidden);

        await owner.PatchAsJsonAsync(profile.PathOf(), new { shared_with_roles = Array.Empty<string>() });
        await (await sharer.GetAsync(profile.PathOf())).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Sharing_ends_with_the_role_and_only_roles_that_exist_can_be_named()
    {
        var role = await NewRoleAsync();
        var (owner, _, _) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync(Profiles.Body(("shared_with_roles", new[] { role })));

        await app.InDatabaseAsync(db => db.Roles.Where(row => row.Name == role).ExecuteDeleteAsync());

        Assert.Empty((await (await owner.GetAsync(profile.PathOf())).JsonAsync()).Strings("shared_with_roles"));
        await (await owner.PatchAsJsonAsync(profile.PathOf(), new { shared_with_roles = new[] { role } })).AssertInvalidAsync("shared_with_roles");
        await (await owner.PostAsJsonAsync(Profiles.Route, Profiles.Body(("name", "b"), ("shared_with_roles", new[] { "no\u0001role" })))).AssertInvalidAsync("shared_with_roles");
        await (await owner.PostAsJsonAsync(Profiles.Route, Profiles.Body(("name", "b"), ("shared_with_roles", new string?[] { null })))).AssertInvalidAsync("shared_with_roles");
    }

    [Theory]
    [InlineData("host", "other.example.com")]
    [InlineData("port", 5434)]
    [InlineData("database_type", "mysql")]
    [InlineData("username", "other")]
    public async Task The_stored_password_is_not_sent_to_another_server_or_as_another_user(string field, object value)
    {
        var (owner, id, _) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync();
        var before = await StoredAsync(id);

        await (await owner.PatchAsJsonAsync(profile.PathOf(), new Dictionary<string, object> { [field] = value })).AssertInvalidAsync("password");
        Assert.Equal(before, await StoredAsync(id));
        var response = await owner.PatchAsJsonAsync(profile.PathOf(), new Dictionary<string, object> { [field] = value, ["password"] = "new" });

        Assert.Equal(value.ToString(), (await response.JsonAsync()).GetProperty(field).ToString());
        Assert.NotEqual(before, await StoredAsync(id));
    }

    [Fact]
    public async Task What_a_change_leaves_out_stays_and_the_password_too()
    {
        var (owner, id, _) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync();
        var before = await StoredAsync(id);

        var changed = await (await owner.PatchAsJsonAsync(profile.PathOf(), new { name = "renamed", database = "other", ssl_mode = "verify_full", read_only = false, host = "DB.example.com" })).JsonAsync();

        Assert.Equal(
            ("renamed", "other", "verify_full", false, "reader", 5433),
            (changed.GetProperty("name").GetString(), changed.GetProperty("database").GetString(), changed.GetProperty("ssl_mode").GetString(),
                changed.GetProperty("read_only").GetBoolean(), changed.GetProperty("username").GetString(), changed.GetProperty("port").GetInt32()));
        Assert.Equal(before, await StoredAsync(id));
    }

    [Fact]
    public async Task A_name_is_the_owners_own_once()
    {
        var (owner, _, _) = await app.PersonAsync();
        var (other, _, _) = await app.PersonAsync();
        await owner.CreateConnectionAsync();
        await other.CreateConnectionAsync();
        var second = await owner.CreateConnectionAsync(Profiles.Body(("name", "second")));

        await (await owner.PostAsJsonAsync(Profiles.Route, Profiles.Body())).AssertProblemAsync(HttpStatusCode.Conflict);
        await (await owner.PatchAsJsonAsync(second.PathOf(), new { name = "warehouse" })).AssertProblemAsync(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_list_is_read_page_by_page()
    {
        var (owner, _, _) = await app.PersonAsync();
        for (var i = 0; i < 5; i++)
        {
            await owner.CreateConnectionAsync(Profiles.Body(("name", $"n{i}")));
        }

        List<string?> names = [];
        string? cursor = null;
        do
        {
            var page = await (await owner.GetAsync($"{Profiles.Route}?limit=2&cursor={cursor}")).JsonAsync();
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(x => x.GetProperty("name").GetString()));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(["n0", "n1", "n2", "n3", "n4"], names);
        await (await owner.GetAsync($"{Profiles.Route}?limit=0")).AssertInvalidAsync("limit");
        await (await owner.GetAsync($"{Profiles.Route}?cursor=bm8")).AssertInvalidAsync("cursor");
    }

    [Fact]
    public async Task A_disabled_users_profiles_are_of_no_use_and_a_deleted_users_go()
    {
        var role = await NewRoleAsync();
        var (owner, ownerId, _) = await app.PersonAsync();
        var (_, memberId, memberName) = await app.PersonAsync();
        using var sharer = app.ClientAs(memberId, memberName, role);
        using var admin = app.Admin();
        var path = (await owner.CreateConnectionAsync(Profiles.Body(("shared_with_roles", new[] { role })))).PathOf();

        await admin.PatchAsJsonAsync($"/api/users/{ownerId}", new { is_active = false });
        await (await sharer.GetAsync(path)).AssertProblemAsync(HttpStatusCode.NotFound);
        Assert.Empty((await (await sharer.GetAsync(Profiles.Route)).JsonAsync()).GetProperty("items").EnumerateArray());
        await admin.PatchAsJsonAsync($"/api/users/{ownerId}", new { is_active = true });
        Assert.Equal(HttpStatusCode.OK, (await sharer.GetAsync(path)).StatusCode);

        await using var activities = await app.ListenAsync<ActivityRecorded>();
        await app.PublishAsync(new UserAnonymised { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = ownerId, Username = $"deleted-{ownerId}" });
        await activities.WaitForAsync(x => x.Action == "db.connections.delete" && x.Target == ownerId.ToString());
        await (await sharer.GetAsync(path)).AssertProblemAsync(HttpStatusCode.NotFound);
        Assert.Equal(0, await app.InDatabaseAsync(db => db.Connections.CountAsync(profile => profile.OwnerId == ownerId)));
    }

    [Fact]
    public async Task Every_change_is_on_record_without_the_password()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        var (owner, ownerId, username) = await app.PersonAsync();
        var (other, otherId, _) = await app.PersonAsync();
        var path = (await owner.CreateConnectionAsync()).PathOf();
        await owner.PatchAsJsonAsync(path, new { port = 5434, password = Profiles.Password + "!" });
        await other.DeleteAsync(path);
        await owner.DeleteAsync(path);

        var deleted = await activities.WaitForAsync(x => x.Action == "db.connections.delete" && x.UserId == ownerId);
        Assert.Equal($"{username}/warehouse", deleted.Target);
        var updated = await activities.WaitForAsync(x => x.Action == "db.connections.update" && x.UserId == ownerId);
        Assert.Equal((5433, 5434), (updated.OldValues!.Value.GetProperty("port").GetInt32(), updated.NewValues!.Value.GetProperty("port").GetInt32()));
        Assert.True(updated.NewValues!.Value.GetProperty("password_changed").GetBoolean());
        Assert.Equal(ActivityOutcomes.Denied, (await activities.WaitForAsync(x => x.Action == "db.connections.delete" && x.UserId == otherId)).Outcome);
        await activities.WaitForAsync(x => x.Action == "db.connections.create" && x.UserId == ownerId);
        Assert.All(activities.All(x => x.UserId == ownerId), x => Assert.DoesNotContain(Profiles.Password, System.Text.Json.JsonSerializer.Serialize(x), StringComparison.Ordinal));
        Assert.Equal(0, await app.InDatabaseAsync(db => db.Database.SqlQuery<int>(
            $"SELECT count(*)::int AS \"Value\" FROM users.database_connections WHERE position({System.Text.Encoding.UTF8.GetBytes(Profiles.Password)} in protected_password) > 0").SingleAsync()));
    }

    [Fact]
    public async Task Connections_answer_401_and_403()
    {
        using var anonymous = app.Anonymous();
        using var nobody = app.ClientWith(Permissions.UsersRead);
        using var reader = app.ClientWith(Permissions.DbQuery);
        var path = $"{Profiles.Route}/{Guid.CreateVersion7()}";

        await (await anonymous.GetAsync(Profiles.Route)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await anonymous.PostAsJsonAsync("/api/db/test", Profiles.Body())).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await nobody.GetAsync(Profiles.Route)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await nobody.PostAsync(path + "/test", null)).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync(Profiles.Route)).StatusCode);
        await (await reader.PostAsJsonAsync(Profiles.Route, Profiles.Body())).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await reader.PatchAsJsonAsync(path, new { })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await reader.DeleteAsync(path)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await reader.PostAsJsonAsync("/api/db/test", Profiles.Body())).AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    private async Task<string> StoredAsync(Guid ownerId) =>
        Convert.ToHexString(await app.InDatabaseAsync(db => db.Connections.Where(profile => profile.OwnerId == ownerId).Select(profile => profile.ProtectedPassword).SingleAsync()));

    private async Task<string> NewRoleAsync()
    {
        var name = $"role-{Guid.CreateVersion7():N}";
        await app.InDatabaseAsync(db =>
        {
            db.Add(new Role { Name = name, Description = "A role of a test.", IsBuiltIn = false });
            return db.SaveChangesAsync();
        });
        return name;
    }
}
