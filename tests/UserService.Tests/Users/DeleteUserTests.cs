using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class DeleteUserTests(UserServiceApplication app)
{
    [Fact]
    public async Task A_deleted_user_loses_access_at_once_and_can_be_brought_back()
    {
        await using var disabled = await app.ListenAsync<UserDisabled>();
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var id = await app.CreateUserAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"/api/users/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"/api/users/{id}")).StatusCode);
        var gone = await client.GetFromJsonAsync<JsonElement>($"/api/users/{id}");
        Assert.False(gone.GetProperty("is_active").GetBoolean());
        Assert.Equal(JsonValueKind.String, gone.GetProperty("deleted_at").ValueKind);
        await disabled.WaitForAsync(fact => fact.UserId == id);
        var activity = await activities.WaitForAsync(one => one.Action == "users.delete" && one.Target == id.ToString());
        Assert.True(activity.OldValues!.Value.GetProperty("is_active").GetBoolean());

        var back = await (await client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = true })).JsonAsync();
        Assert.True(back.GetProperty("is_active").GetBoolean());
        Assert.Equal(JsonValueKind.Null, back.GetProperty("deleted_at").ValueKind);
    }

    [Fact]
    public async Task A_user_deleted_long_ago_is_forgotten_and_one_deleted_lately_is_not()
    {
        await using var anonymised = await app.ListenAsync<UserAnonymised>();
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();
        var (old, late) = (await app.CreateUserAsync(name), await app.CreateUserAsync());
        var team = await app.CreateTeamAsync([]);
        await client.PatchAsJsonAsync($"/api/users/{old}", new { email = "old@example.com" });
        await client.PutAsync($"/api/permissions/teams/{team}/members/{old}", null);
        await client.PutAsJsonAsync("/api/permissions/grants", new { subject_type = "user", subject = name, rules = new[] { new { effect = "deny", resource = "server:x" } } });
        await client.DeleteAsync($"/api/users/{old}");
        await client.DeleteAsync($"/api/users/{late}");
        await DeletedAtAsync(old, DateTimeOffset.UtcNow.AddDays(-31));
        await DeletedAtAsync(late, DateTimeOffset.UtcNow.AddDays(-29));

        Assert.Equal(1, await app.Service<ForgetDeletedUsers>().RunOnceAsync(CancellationToken.None));
        Assert.Equal(0, await app.Service<ForgetDeletedUsers>().RunOnceAsync(CancellationToken.None));

        var row = await app.InDatabaseAsync(db => db.Users.Include(user => user.Roles).SingleAsync(user => user.Id == old));
        Assert.Equal(($"deleted:{old:N}", null, "{}", false), (row.Username, row.Email, row.Preferences, row.IsActive));
        Assert.Empty(row.RoleNames);
        Assert.False(await app.InDatabaseAsync(db => db.Grants.AnyAsync(rule => rule.Subject == old.ToString())));
        Assert.False(await app.InDatabaseAsync(db => db.TeamMembers.AnyAsync(member => member.UserId == old)));
        Assert.Equal(row.Username, (await anonymised.WaitForAsync(fact => fact.UserId == old)).Username);
        await activities.WaitForAsync(one => one.Action == "users.anonymise" && one.Target == old.ToString());
        await (await client.GetAsync($"/api/users/{old}")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await client.PatchAsJsonAsync($"/api/users/{old}", new { is_active = true })).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await client.PutAsJsonAsync($"/api/permissions/users/{old}/roles", new { roles = new[] { "user" } })).AssertProblemAsync(HttpStatusCode.NotFound);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"/api/users/{late}")).StatusCode);
        await DeletedAtAsync(late, DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Replace_sets_all_that_may_be_set()
    {
        using var client = app.Admin();
        var id = await app.CreateUserAsync();
        await client.PatchAsJsonAsync($"/api/users/{id}", new { email = "one@example.com" });

        var replaced = await (await client.PutAsJsonAsync($"/api/users/{id}", new { is_active = false })).JsonAsync();

        Assert.Equal((JsonValueKind.Null, false), (replaced.GetProperty("email").ValueKind, replaced.GetProperty("is_active").GetBoolean()));
        await (await client.PutAsJsonAsync($"/api/users/{id}", new { email = "two@example.com" })).AssertInvalidAsync("is_active");
        await (await client.PutAsJsonAsync($"/api/users/{id}", new { is_active = true, roles = new[] { "admin" } })).AssertProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Null_takes_the_address_away_and_what_is_left_out_stays()
    {
        await using var facts = await app.ListenAsync<UserEmailChanged>();
        using var client = app.Admin();
        var id = await app.CreateUserAsync();
        using var me = app.ClientFor(id, "me");

        await client.PatchAsJsonAsync($"/api/users/{id}", new { email = "one@example.com" });
        var kept = await (await client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = true })).JsonAsync();
        Assert.Equal("one@example.com", kept.GetProperty("email").GetString());
        var taken = await (await client.PatchAsJsonAsync($"/api/users/{id}", new { email = (string?)null })).JsonAsync();
        Assert.Equal(JsonValueKind.Null, taken.GetProperty("email").ValueKind);
        await me.PatchAsJsonAsync("/api/users/me", new { email = "two@example.com" });
        await me.PatchAsJsonAsync("/api/users/me", new { preferences = new { } });
        var mine = await (await me.PatchAsJsonAsync("/api/users/me", new { email = (string?)null })).JsonAsync();
        Assert.Equal(JsonValueKind.Null, mine.GetProperty("email").ValueKind);

        await facts.WaitForAsync(fact => fact.UserId == id && fact.Version == 4);
        Assert.Equal(["one@example.com", null, "two@example.com", null], facts.All(fact => fact.UserId == id).OrderBy(fact => fact.Version).Select(fact => fact.Email));
    }

    [Fact]
    public async Task Delete_and_replace_answer_401_403_and_404()
    {
        using var anonymous = app.Anonymous();
        using var reader = app.ClientWith(Contracts.Identity.Permissions.UsersRead);
        using var manager = app.ClientWith([Contracts.Identity.Permissions.UsersManage, .. Contracts.Identity.BuiltInRoles.Permissions["user"]]);
        using var admin = app.Admin();
        var path = $"/api/users/{await app.CreateUserAsync(null, "admin")}";

        await (await anonymous.DeleteAsync(path)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await reader.DeleteAsync(path)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await manager.DeleteAsync(path)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await manager.PutAsJsonAsync(path, new { is_active = false })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.DeleteAsync($"/api/users/{Guid.CreateVersion7()}")).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    private Task<int> DeletedAtAsync(Guid id, DateTimeOffset at) =>
        app.InDatabaseAsync(db => db.Users.Where(user => user.Id == id).ExecuteUpdateAsync(set => set.SetProperty(user => user.DeletedAt, at)));
}
