using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Tests.Users;

[Collection(UserServiceCollection.Name)]
public sealed class ConsumerTests(UserServiceApplication app)
{
    [Fact]
    public async Task User_created_twice_makes_one_profile_with_the_roles_of_the_event()
    {
        var fact = Created(UserServiceApplication.NewName(), "admin", "user");

        await app.PublishAsync(fact);
        await app.PublishAsync(fact);
        await app.PublishAsync(fact with { EventId = Guid.CreateVersion7() });
        var last = Created(UserServiceApplication.NewName(), "user");
        await app.PublishAsync(last);

        await EventuallyAsync(async () => await ProfileAsync(last.UserId) is not null);
        var profile = await ProfileAsync(fact.UserId);
        Assert.Equal((fact.Username, fact.Email, true), (profile?.Username, profile?.Email, profile?.IsAdmin));
        Assert.Equal(["admin", "user"], profile!.RoleNames);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Users.CountAsync(user => user.Username == fact.Username)));
    }

    [Fact]
    public async Task User_created_after_the_request_changes_nothing()
    {
        var id = await app.CreateUserAsync(null, "auditor");

        await app.PublishAsync(Created("someone-else", "admin") with { UserId = id });
        var last = Created(UserServiceApplication.NewName(), "user");
        await app.PublishAsync(last);

        await EventuallyAsync(async () => await ProfileAsync(last.UserId) is not null);
        Assert.Equal(["auditor"], (await ProfileAsync(id))!.RoleNames);
    }

    [Fact]
    public async Task Last_login_is_the_latest_in_whichever_order_they_come()
    {
        var id = await app.CreateUserAsync();
        var late = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        await app.PublishAsync(LoggedIn(id, late));
        await EventuallyAsync(async () => (await ProfileAsync(id))?.LastLogin == late);
        await app.PublishAsync(LoggedIn(id, late.AddHours(-1)));
        await app.PublishAsync(LoggedIn(id, late.AddHours(1)));

        await EventuallyAsync(async () => (await ProfileAsync(id))?.LastLogin == late.AddHours(1));
    }

    [Fact]
    public async Task Login_that_overtakes_its_account_is_recorded_all_the_same()
    {
        var fact = Created(UserServiceApplication.NewName(), "user");
        var login = LoggedIn(fact.UserId, fact.OccurredAt);

        await app.PublishAsync(login);
        await Task.Delay(200);
        await app.PublishAsync(fact);

        await EventuallyAsync(async () => (await ProfileAsync(fact.UserId))?.LastLogin == fact.OccurredAt);
    }

    private static UserCreated Created(string username, params string[] roles) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero),
        UserId = Guid.CreateVersion7(),
        Username = username,
        Email = "someone@example.com",
        Roles = roles,
    };

    private static UserLoggedIn LoggedIn(Guid id, DateTimeOffset at) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = at,
        UserId = id,
        SessionId = "session",
    };

    private Task<UserService.Users.User?> ProfileAsync(Guid id) =>
        app.InDatabaseAsync(db => db.Users.Include(user => user.Roles).SingleOrDefaultAsync(user => user.Id == id));

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (!await condition())
        {
            Assert.False(timeout.IsCancellationRequested, "It did not come true within 15 s.");
            await Task.Delay(20);
        }
    }
}
