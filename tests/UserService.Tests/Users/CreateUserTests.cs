using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class CreateUserTests(UserServiceApplication app)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Create_user_makes_account_profile_and_audit_record()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();

        var response = await client.PostAsJsonAsync("/api/users", new { username = name.ToUpperInvariant(), email = "x@example.com", password = Password });

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var body = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain(Password, body, StringComparison.Ordinal);
        var user = JsonSerializer.Deserialize<JsonElement>(body);
        var id = user.GetProperty("id").GetGuid();
        Assert.Equal($"/api/users/{id}", response.Headers.Location?.OriginalString);
        Assert.Equal(name, user.GetProperty("username").GetString());
        Assert.Equal(["user"], user.Strings("roles"));
        Assert.False(user.GetProperty("is_admin").GetBoolean());
        Assert.False(user.TryGetProperty("password", out _));
        var account = app.Accounts.AccountOf(name.ToUpperInvariant());
        Assert.Equal(id, account.GetProperty("id").GetGuid());
        Assert.Equal(Password, account.GetProperty("password").GetString());
        Assert.Equal(BuiltInRoles.Permissions["user"].Order(StringComparer.Ordinal), account.Strings("permissions"));
        var activity = await activities.WaitForAsync(x => x.Target == id.ToString());
        Assert.Equal(("users.create", "succeeded"), (activity.Action, activity.Outcome));
        Assert.DoesNotContain(Password, JsonSerializer.Serialize(activity), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_user_with_is_admin_adds_the_role()
    {
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();

        var user = await (await client.PostAsJsonAsync("/api/users", new { username = name, password = Password, is_admin = true })).JsonAsync();

        Assert.True(user.GetProperty("is_admin").GetBoolean());
        Assert.Equal(["admin", "user"], user.Strings("roles"));
        Assert.Equal(UserServiceApplication.AllPermissions.Order(StringComparer.Ordinal), app.Accounts.AccountOf(name).Strings("permissions"));
    }

    [Fact]
    public async Task Create_user_that_is_not_active_has_no_grants_and_is_disabled()
    {
        await using var disabled = await app.ListenAsync<UserDisabled>();
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();

        var user = await (await client.PostAsJsonAsync("/api/users", new { username = name, password = Password, is_active = false })).JsonAsync();

        Assert.False(user.GetProperty("is_active").GetBoolean());
        Assert.Empty(app.Accounts.AccountOf(name).Strings("permissions"));
        await disabled.WaitForAsync(fact => fact.UserId == user.GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task Create_user_without_token_is_401_and_without_permission_403()
    {
        using var anonymous = app.Anonymous();
        using var reader = app.ClientWith(Permissions.UsersRead);
        var request = new { username = UserServiceApplication.NewName(), password = Password };

        await (await anonymous.PostAsJsonAsync("/api/users", request)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await reader.PostAsJsonAsync("/api/users", request)).AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Nobody_creates_a_user_with_more_permissions_than_they_hold()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var client = app.ClientWith(Permissions.UsersManage);
        var name = UserServiceApplication.NewName();

        var problem = await (await client.PostAsJsonAsync("/api/users", new { username = name, password = Password, is_admin = true }))
            .AssertProblemAsync(HttpStatusCode.Forbidden);

        Assert.Contains(Permissions.PermissionsManage, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(app.Accounts.Received, account => account.GetProperty("username").GetString() == name);
        Assert.Equal("denied", (await activities.WaitForAsync(activity => activity.Target == name)).Outcome);
    }

    [Theory]
    [InlineData("""{"password":"correct horse battery"}""", "username")]
    [InlineData("""{"username":"someone"}""", "password")]
    [InlineData("""{"username":"someone","password":"correct horse battery","email":"nonsense"}""", "email")]
    [InlineData("""{"username":"someone","password":"correct horse battery","roles":["no-such-role"]}""", "roles")]
    [InlineData("""{"username":"someone","password":"correct horse battery","roles":["us\u0000er"]}""", "roles[0]")]
    [InlineData("""{"username":"someone","password":"correct horse battery","roles":[null]}""", "roles")]
    [InlineData("""{"username":"some\u0000one","password":"correct horse battery"}""", "username")]
    [InlineData("""{"username":"someone","password":"correct horse battery","email":"a\u0000@example.com"}""", "email")]
    [InlineData("""{"username":"someone","password":"short"}""", "password")]
    public async Task Create_user_names_the_field_that_is_wrong(string body, string field)
    {
        using var client = app.Admin();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await client.PostAsync("/api/users", content)).AssertInvalidAsync(field);
    }

    [Fact]
    public async Task Create_user_refuses_members_it_does_not_know()
    {
        using var client = app.Admin();

        var response = await client.PostAsJsonAsync(
            "/api/users", new { username = UserServiceApplication.NewName(), password = Password, id = Guid.CreateVersion7() });

        await response.AssertProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Create_user_with_a_taken_name_is_409()
    {
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();
        await app.CreateUserAsync(name);

        await (await client.PostAsJsonAsync("/api/users", new { username = name, password = Password })).AssertProblemAsync(HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(AccountsStandIn.BreakOff)]
    public async Task Create_user_while_accounts_are_down_is_503_and_stores_nothing(int failure)
    {
        using var client = app.Admin();
        var name = UserServiceApplication.NewName();
        app.Accounts.Fail = (2, failure);

        await (await client.PostAsJsonAsync("/api/users", new { username = name, password = Password })).AssertProblemAsync(HttpStatusCode.ServiceUnavailable);

        Assert.False(await app.InDatabaseAsync(db => db.Users.AnyAsync(user => user.Username == name)));
    }

    [Fact]
    public async Task Create_user_tries_once_more_with_the_same_id()
    {
        app.Accounts.Fail = (1, 500);

        var id = await app.CreateUserAsync();

        Assert.Single(app.Accounts.Received, account => account.GetProperty("id").GetGuid() == id);
    }

    [Fact]
    public async Task Service_token_is_kept_and_renewed_once_when_it_is_refused()
    {
        await app.CreateUserAsync();
        var before = app.Accounts.TokensIssued;
        await app.CreateUserAsync();
        Assert.Equal(before, app.Accounts.TokensIssued);

        app.Accounts.RevokeTokens();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => app.CreateUserAsync()));

        Assert.Equal(before + 1, app.Accounts.TokensIssued);
    }
}
