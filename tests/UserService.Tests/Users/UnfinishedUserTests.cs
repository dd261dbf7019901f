using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class UnfinishedUserTests(UserServiceApplication app)
{
    /// <summary>The account was made, and the answer was never heard: as after a process that ended in between.</summary>
    [Fact]
    public async Task The_accounts_event_finishes_what_a_request_began_with_its_record_and_state()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        await using var disabled = await app.ListenAsync<UserDisabled>();
        var (manager, name) = (Guid.CreateVersion7(), UserServiceApplication.NewName());
        using var client = app.ClientFor(manager, "the-manager", UserServiceApplication.AllPermissions);
        app.Accounts.Fail = (2, 500);

        await (await client.PostAsJsonAsync("/api/users", new { username = name, email = "x@example.com", password = "correct horse battery", is_active = false, roles = new[] { "auditor" } }))
            .AssertProblemAsync(HttpStatusCode.ServiceUnavailable);
        var id = await app.InDatabaseAsync(db => db.UnfinishedUsers.OrderByDescending(user => user.CreatedAt).Select(user => user.Id).FirstAsync());
        var fact = new UserCreated { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Username = name, Roles = ["auditor"] };
        await app.PublishAsync(fact);
        await app.PublishAsync(fact with { EventId = Guid.CreateVersion7() });

        var activity = await activities.WaitForAsync(one => one.Action == "users.create" && one.Target == id.ToString());
        Assert.Equal((manager, "the-manager", "succeeded"), (activity.UserId, activity.Username, activity.Outcome));
        Assert.Equal(["auditor"], activity.NewValues!.Value.Strings("roles"));
        await disabled.WaitForAsync(one => one.UserId == id);
        var user = await app.InDatabaseAsync(db => db.Users.SingleAsync(one => one.Id == id));
        Assert.Equal((name, "x@example.com", false), (user.Username, user.Email, user.IsActive));
        Assert.False(await app.InDatabaseAsync(db => db.UnfinishedUsers.AnyAsync(one => one.Id == id)));
        Assert.Single(activities.All(one => one.Action == "users.create" && one.Target == id.ToString()));
    }

    [Fact]
    public async Task A_refused_account_leaves_nothing_unfinished()
    {
        using var client = app.Admin();
        var before = await app.InDatabaseAsync(db => db.UnfinishedUsers.CountAsync());

        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/api/users", new { username = UserServiceApplication.NewName(), password = "short" })).StatusCode);
        await app.CreateUserAsync();

        Assert.Equal(before, await app.InDatabaseAsync(db => db.UnfinishedUsers.CountAsync()));
    }

    [Fact]
    public async Task A_service_has_no_profile()
    {
        using var service = app.ClientFor(Guid.CreateVersion7(), "mcpservice", Contracts.Identity.Permissions.AccountsManage);

        await (await service.GetAsync("/api/users/me")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await service.PatchAsJsonAsync("/api/users/me", new { email = "x@example.com" })).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await service.GetAsync("/api/permissions/me")).AssertProblemAsync(HttpStatusCode.NotFound);
    }
}
