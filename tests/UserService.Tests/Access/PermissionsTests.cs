using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class PermissionsTests(UserServiceApplication app)
{
    [Fact]
    public async Task Catalogue_lists_every_permission_with_its_description()
    {
        using var client = app.ClientWith();

        var page = await client.GetFromJsonAsync<JsonElement>("/api/permissions");

        var listed = page.GetProperty("items").EnumerateArray().ToDictionary(x => x.GetProperty("name").GetString()!, x => x.GetProperty("description").GetString()!);
        Assert.Equal(Permissions.Catalogue.OrderBy(x => x.Key, StringComparer.Ordinal), listed.OrderBy(x => x.Key, StringComparer.Ordinal));
        Assert.DoesNotContain(Permissions.AccountsManage, listed.Keys);
    }

    [Fact]
    public async Task My_permissions_come_from_the_database_and_not_from_the_token()
    {
        var id = await app.CreateUserAsync(null, "auditor");
        using var client = app.ClientFor(id, "me", Permissions.UsersManage);

        var mine = await client.GetFromJsonAsync<JsonElement>("/api/permissions/me");

        Assert.Equal(["auditor"], mine.Strings("roles"));
        Assert.Equal([Permissions.AnalyticsRead, Permissions.AuditRead], mine.Strings("permissions"));
    }

    [Fact]
    public async Task Roles_list_what_they_hold_for_those_who_manage_permissions()
    {
        using var manager = app.ClientWith(Permissions.PermissionsManage);
        using var other = app.ClientWith(Permissions.UsersRead);

        var page = await manager.GetFromJsonAsync<JsonElement>("/api/permissions/roles?limit=500");

        var roles = page.GetProperty("items").EnumerateArray().ToDictionary(role => role.GetProperty("name").GetString()!, role => role.Strings("permissions"));
        Assert.Subset(roles.Keys.ToHashSet(), new HashSet<string>(["admin", "auditor", "user"]));
        Assert.Equal(BuiltInRoles.Permissions["user"].Order(StringComparer.Ordinal), roles["user"]);
        await (await other.GetAsync("/api/permissions/roles")).AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("/api/permissions")]
    [InlineData("/api/permissions/me")]
    [InlineData("/api/permissions/roles")]
    public async Task Permissions_are_401_without_token(string path)
    {
        using var anonymous = app.Anonymous();

        await (await anonymous.GetAsync(path)).AssertProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Migrating_again_from_several_replicas_changes_nothing()
    {
        var before = await RowsAsync();

        var exitCodes = await Task.WhenAll(app.MigrateAsync(), app.MigrateAsync(), app.MigrateAsync());

        Assert.All(exitCodes, code => Assert.Equal(0, code));
        Assert.Equal(before, await RowsAsync());
    }

    [Fact]
    public async Task Migrating_restores_built_in_roles_and_tells_who_holds_them()
    {
        await using var grants = await app.ListenAsync<GrantsChanged>();
        var id = await app.CreateUserAsync(null, "auditor");
        await app.InDatabaseAsync(async db =>
        {
            await db.RolePermissions.Where(row => row.RoleName == "auditor" && row.PermissionName == Permissions.AuditRead).ExecuteDeleteAsync();
            db.Add(new UserService.Access.Permission { Name = "gone.permission", Description = "Was in an older version." });
            db.Add(new UserService.Access.RolePermission { RoleName = "auditor", PermissionName = "gone.permission" });
            return await db.SaveChangesAsync();
        });

        Assert.Equal(0, await app.MigrateAsync());

        var fact = await grants.WaitForAsync(x => x.UserId == id);
        Assert.Equal(1, fact.Version);
        Assert.Equal([Permissions.AnalyticsRead, Permissions.AuditRead], fact.Permissions);
        Assert.False(await app.InDatabaseAsync(db => db.Permissions.AnyAsync(permission => permission.Name == "gone.permission")));
    }

    private Task<(int Permissions, int Roles, int RolePermissions, long Versions)> RowsAsync() => app.InDatabaseAsync(async db =>
        (await db.Permissions.CountAsync(), await db.Roles.CountAsync(), await db.RolePermissions.CountAsync(), await db.Users.SumAsync(user => user.GrantsVersion)));
}
