using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Access;

[Collection(UserServiceCollection.Name)]
public sealed class LastAdminTests(UserServiceApplication app)
{
    private const int Rounds = 16;

    [Fact]
    public async Task Last_admin_is_neither_demoted_nor_disabled()
    {
        var last = (await OnlyAdminsAsync(1)).Single();
        using var client = app.Admin();

        await (await DemoteAsync(client, last)).AssertProblemAsync(HttpStatusCode.Conflict);
        await (await DisableAsync(client, last)).AssertProblemAsync(HttpStatusCode.Conflict);
        await (await DeleteAsync(client, last)).AssertProblemAsync(HttpStatusCode.Conflict);
        await (await ReplaceAsync(client, last)).AssertProblemAsync(HttpStatusCode.Conflict);

        Assert.Equal(1, await AdminsAsync());
    }

    [Fact]
    public async Task A_disabled_admin_does_not_count()
    {
        var admins = await OnlyAdminsAsync(2);
        using var client = app.Admin();

        Assert.Equal(HttpStatusCode.OK, (await DisableAsync(client, admins[0])).StatusCode);

        await (await DemoteAsync(client, admins[1])).AssertProblemAsync(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Two_parallel_requests_of_whichever_kind_leave_one_admin()
    {
        using var client = app.Admin();
        for (var round = 0; round < Rounds; round++)
        {
            var admins = await OnlyAdminsAsync(2);

            // Each of the four ways to lose an admin against each other.
            var ways = new Func<HttpClient, Guid, Task<HttpResponseMessage>>[] { DemoteAsync, DisableAsync, DeleteAsync, ReplaceAsync };
            var answers = await Task.WhenAll(ways[round % 4](client, admins[0]), ways[round / 4 % 4](client, admins[1]));

            Assert.Equal([true, false], answers.Select(answer => answer.IsSuccessStatusCode).OrderDescending());
            Assert.Contains(HttpStatusCode.Conflict, answers.Select(answer => answer.StatusCode));
            Assert.Equal(1, await AdminsAsync());
        }
    }

    private static Task<HttpResponseMessage> DemoteAsync(HttpClient client, Guid id) =>
        client.PutAsJsonAsync($"/api/permissions/users/{id}/roles", new { roles = new[] { "user" } });

    private static Task<HttpResponseMessage> DisableAsync(HttpClient client, Guid id) =>
        client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = false });

    private static Task<HttpResponseMessage> DeleteAsync(HttpClient client, Guid id) => client.DeleteAsync($"/api/users/{id}");

    private static Task<HttpResponseMessage> ReplaceAsync(HttpClient client, Guid id) => client.PutAsJsonAsync($"/api/users/{id}", new { is_active = false });

    private Task<int> AdminsAsync() => app.InDatabaseAsync(db => db.Users.CountAsync(user => user.IsAdmin && user.IsActive));

    /// <summary>Exactly so many admins: those of other tests lose the role.</summary>
    private async Task<List<Guid>> OnlyAdminsAsync(int count)
    {
        await app.InDatabaseAsync(async db =>
        {
            await db.UserRoles.Where(role => role.RoleName == "admin").ExecuteDeleteAsync();
            return await db.Users.ExecuteUpdateAsync(set => set.SetProperty(user => user.IsAdmin, false));
        });
        List<Guid> admins = [];
        for (var i = 0; i < count; i++)
        {
            admins.Add(await app.CreateUserAsync(null, "admin"));
        }

        return admins;
    }
}
