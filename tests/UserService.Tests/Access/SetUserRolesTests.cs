using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class SetUserRolesTests(UserServiceApplication app)
{
    [Fact]
    public async Task Set_roles_publishes_grants_with_rising_versions_and_records_old_and_new()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        await app.CreateUserAsync(null, "admin"); // else the user below would be the last admin
        var id = await app.CreateUserAsync();

        var answer = await (await PutAsync(client, id, "auditor")).JsonAsync();
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, id, "admin", "user")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, id)).StatusCode);

        Assert.Equal(["auditor"], answer.Strings("roles"));
        Assert.Equal(["analytics.read", "audit.read"], answer.Strings("permissions"));
        var first = await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 1);
        Assert.Equal(["analytics.read", "audit.read"], first.Permissions);
        var second = await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 2);
        Assert.Equal(["admin", "user"], second.Roles);
        Assert.Equal(UserServiceApplication.AllPermissions.Order(StringComparer.Ordinal), second.Permissions);
        Assert.Empty((await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 3)).Permissions);
        var activity = await activities.WaitForAsync(x => x.Action == "permissions.set_roles" && x.Target == id.ToString());
        Assert.Equal(["user"], activity.OldValues!.Value.Strings("roles"));
        Assert.Equal(["auditor"], activity.NewValues!.Value.Strings("roles"));
    }

    [Fact]
    public async Task Set_roles_that_the_user_has_already_publishes_nothing()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var id = await app.CreateUserAsync();

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, id, "user")).StatusCode);
        await PutAsync(client, id, "auditor");

        await grants.WaitForAsync(fact => fact.UserId == id);
        Assert.Equal([1], grants.All(fact => fact.UserId == id).Select(fact => fact.Version));
    }

    [Fact]
    public async Task Roles_of_a_disabled_user_come_into_force_when_the_user_is_enabled()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var id = await app.CreateUserAsync();

        await client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = false });
        await PutAsync(client, id, "auditor");
        await client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = true });

        Assert.Empty((await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 2)).Permissions);
        Assert.Equal(["auditor"], (await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 3)).Roles);
    }

    [Fact]
    public async Task Nobody_gives_or_takes_roles_with_permissions_that_they_do_not_hold()
    {
        using var client = app.ClientWith([Permissions.PermissionsManage, .. BuiltInRoles.Permissions["user"]]);
        var user = await app.CreateUserAsync();
        var admin = await app.CreateUserAsync(null, "admin");

        await (await PutAsync(client, user, "admin")).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(client, admin, "user")).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(client, user)).StatusCode);
    }

    [Fact]
    public async Task Set_roles_answers_401_403_404_and_400()
    {
        using var anonymous = app.Anonymous();
        using var manager = app.ClientWith(Permissions.UsersManage);
        using var admin = app.Admin();
        var id = await app.CreateUserAsync();

        await (await PutAsync(anonymous, id, "user")).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await PutAsync(manager, id, "user")).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await PutAsync(admin, Guid.CreateVersion7(), "user")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await PutAsync(admin, id, "no-such-role")).AssertInvalidAsync("roles");
        await (await admin.PutAsJsonAsync($"/api/permissions/users/{id}/roles", new { })).AssertInvalidAsync("roles");
        await (await admin.PutAsJsonAsync($"/api/permissions/users/{id}/roles", new { roles = new string?[] { null } })).AssertInvalidAsync("roles");
    }

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, Guid id, params string[] roles) =>
        client.PutAsJsonAsync($"/api/permissions/users/{id}/roles", new { roles });
}
