using System.Text.Json;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class GrantsTests(AuthServiceApplication app)
{
    [Fact]
    public async Task A_token_names_roles_teams_and_permissions_of_the_newest_fact()
    {
        var (id, username) = await app.CreateAccountAsync("db.query");
        await app.PublishAsync(Grants(id, 2) with { Roles = ["analyst", "user"], Teams = ["data", "ops"], Permissions = ["db.query"] });
        await app.PublishAsync(Grants(id, 1) with { Teams = ["old"] });

        await TeamsAsync(id, "data ops");

        var token = new JsonWebToken((await app.LogInAsync(username)).AccessToken);
        Assert.Equal(["data", "ops"], Values(token, "teams"));
        Assert.Equal(["analyst", "user"], Values(token, "roles"));
        Assert.Equal(["db.query"], Values(token, "permissions"));
    }

    [Fact]
    public async Task A_token_without_teams_has_an_empty_list()
    {
        var (_, username) = await app.CreateAccountAsync();

        var token = new JsonWebToken((await app.LogInAsync(username)).AccessToken);

        Assert.Equal(JsonValueKind.Array, token.GetPayloadValue<JsonElement>("teams").ValueKind);
        Assert.Empty(Values(token, "teams"));
    }

    [Theory]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)] // a team that comes with deny rules is gained
    public async Task Tokens_end_when_something_was_taken_away(bool restricts, bool losePermission, bool loseTeam)
    {
        await using var revoked = await app.ListenAsync<AccessRevoked>();
        var (id, _) = await app.CreateAccountAsync("db.query");
        var before = Grants(id, 1) with { Roles = ["user"], Permissions = ["db.query"], Teams = ["data"] };
        await app.PublishAsync(before);
        await TeamsAsync(id, "data");

        await app.PublishAsync(Grants(id, 2) with
        {
            Roles = ["user"], Permissions = losePermission ? [] : ["db.query"], Teams = loseTeam ? [] : restricts ? ["data", "guests"] : ["data"], Restricts = restricts,
        });

        Assert.Equal("grants_changed", (await revoked.WaitForAsync(fact => fact.UserId == id)).Reason);
    }

    [Fact]
    public async Task Tokens_go_on_when_something_was_only_given()
    {
        await using var revoked = await app.ListenAsync<AccessRevoked>();
        var (id, _) = await app.CreateAccountAsync("db.query");

        await app.PublishAsync(Grants(id, 1) with { Roles = ["more", "user"], Permissions = ["db.query", "mcp.chat"], Teams = ["data"] });
        await TeamsAsync(id, "data");
        await app.PublishAsync(Grants(id, 2) with { Roles = ["more", "user"], Permissions = ["db.query"], Teams = ["data"] });

        await revoked.WaitForAsync(fact => fact.UserId == id);
        Assert.Single(revoked.All(fact => fact.UserId == id));
    }

    [Fact]
    public async Task The_address_follows_the_profile_and_never_goes_back()
    {
        var (id, _) = await app.CreateAccountAsync();

        await app.PublishAsync(Email(id, 2, "Two@example.com"));
        await EventuallyEmailAsync(id, "Two@example.com");
        await app.PublishAsync(Email(id, 1, "one@example.com"));
        await app.PublishAsync(Email(id, 3, null));

        await EventuallyEmailAsync(id, null);
        Assert.Null(await app.InDatabaseAsync(db => db.Users.Where(user => user.Id == id).Select(user => user.NormalizedEmail).SingleAsync()));
    }

    [Fact]
    public async Task An_anonymised_account_holds_nothing_personal_and_lets_nobody_in()
    {
        await using var revoked = await app.ListenAsync<AccessRevoked>();
        var (id, username) = await app.CreateAccountAsync("db.query");
        await app.LogInAsync(username);

        await app.PublishAsync(new UserAnonymised { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Username = $"deleted:{id:N}" });

        Assert.Equal("deleted", (await revoked.WaitForAsync(fact => fact.UserId == id)).Reason);
        var account = await app.InDatabaseAsync(db => db.Users.AsNoTracking().SingleAsync(user => user.Id == id));
        Assert.Equal(($"deleted:{id:N}", null, null, false), (account.UserName, account.Email, account.PasswordHash, account.IsActive));
        Assert.False(await app.InDatabaseAsync(db => db.Sessions.AnyAsync(session => session.Subject == id.ToString() && session.Ip != null)));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password })).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username = $"deleted:{id:N}", password = AuthServiceApplication.Password })).StatusCode);
    }

    private static GrantsChanged Grants(Guid id, long version) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = version, Roles = [], Permissions = [],
    };

    private static UserEmailChanged Email(Guid id, long version, string? email) => new()
    {
        EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = version, Email = email,
    };

    private static string[] Values(JsonWebToken token, string claim) =>
        [.. token.GetPayloadValue<JsonElement>(claim).EnumerateArray().Select(value => value.GetString()!)];

    private Task<string> TeamsAsync(Guid id, string teams) => AuthServiceApplication.EventuallyAsync(async () =>
        string.Join(' ', await app.InDatabaseAsync(db => db.Users.Where(user => user.Id == id).Select(user => user.Teams).SingleAsync())) == teams ? teams : null);

    private Task<string> EventuallyEmailAsync(Guid id, string? email) => AuthServiceApplication.EventuallyAsync(async () =>
        await app.InDatabaseAsync(db => db.Users.Where(user => user.Id == id).Select(user => user.Email).SingleAsync()) == email ? "yes" : null);
}
