using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class UpdateUserTests(UserServiceApplication app)
{
    [Fact]
    public async Task Disabling_ends_the_grants_and_enabling_brings_them_back_with_rising_versions()
    {
        await using var disabled = await app.ListenAsync<UserDisabled>();
        await using var enabled = await app.ListenAsync<UserEnabled>();
        await using var grants = await app.ListenAsync<GrantsChanged>();
        using var client = app.Admin();
        var id = await app.CreateUserAsync();

        var off = await (await client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = false })).JsonAsync();
        var on = await (await client.PatchAsJsonAsync($"/api/users/{id}", new { is_active = true })).JsonAsync();

        Assert.False(off.GetProperty("is_active").GetBoolean());
        Assert.True(on.GetProperty("is_active").GetBoolean());
        Assert.Equal(1, (await disabled.WaitForAsync(fact => fact.UserId == id)).Version);
        Assert.Equal(2, (await enabled.WaitForAsync(fact => fact.UserId == id)).Version);
        Assert.Empty((await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 1)).Permissions);
        Assert.Contains(Permissions.McpToolsCall, (await grants.WaitForAsync(fact => fact.UserId == id && fact.Version == 2)).Permissions);
    }

    [Fact]
    public async Task Update_user_changes_the_address_and_records_both()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var id = await app.CreateUserAsync();

        var user = await (await client.PatchAsJsonAsync($"/api/users/{id}", new { email = "new@example.com" })).JsonAsync();

        Assert.Equal("new@example.com", user.GetProperty("email").GetString());
        var activity = await activities.WaitForAsync(x => x.Action == "users.update" && x.Target == id.ToString());
        Assert.Equal("new@example.com", activity.NewValues?.GetProperty("email").GetString());
        Assert.Null(activity.OldValues?.GetProperty("email").GetString());
    }

    [Fact]
    public async Task Update_user_who_is_above_the_caller_is_403()
    {
        var admin = await app.CreateUserAsync(null, "admin");
        using var client = app.ClientWith([Permissions.UsersManage, .. BuiltInRoles.Permissions["user"]]);

        await (await client.PatchAsJsonAsync($"/api/users/{admin}", new { is_active = false })).AssertProblemAsync(HttpStatusCode.Forbidden);
        var user = await app.CreateUserAsync();
        Assert.Equal(HttpStatusCode.OK, (await client.PatchAsJsonAsync($"/api/users/{user}", new { is_active = false })).StatusCode);
    }

    [Theory]
    [InlineData("""{"roles":["admin"]}""")]
    [InlineData("""{"is_admin":true}""")]
    [InlineData("""{"username":"other"}""")]
    public async Task Update_user_refuses_members_of_other_routes(string body)
    {
        using var client = app.Admin();
        var id = await app.CreateUserAsync();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await client.PatchAsync($"/api/users/{id}", content)).AssertProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Update_user_answers_401_403_404_and_400()
    {
        using var anonymous = app.Anonymous();
        using var reader = app.ClientWith(Permissions.UsersRead);
        using var admin = app.Admin();
        var path = $"/api/users/{await app.CreateUserAsync()}";

        await (await anonymous.PatchAsJsonAsync(path, new { is_active = false })).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await reader.PatchAsJsonAsync(path, new { is_active = false })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.PatchAsJsonAsync($"/api/users/{Guid.CreateVersion7()}", new { is_active = false })).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await admin.PatchAsJsonAsync(path, new { email = "nonsense" })).AssertInvalidAsync("email");
    }
}
