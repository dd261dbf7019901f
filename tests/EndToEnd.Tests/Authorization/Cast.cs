namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>The six, logged in once, and what they own.</summary>
public sealed class Cast(Platform platform) : IAsyncLifetime
{
    private readonly Dictionary<Who, Member> members = [];
    private int names;

    public Platform Platform => platform;

    public Member this[Who who] => members[who];

    public async ValueTask InitializeAsync()
    {
        foreach (var who in (Who[])[Who.Ordinary, Who.Owner, Who.OtherUser, Who.OtherRole, Who.Admin])
        {
            var user = await platform.NewUserAsync(Row.RoleOf(who));
            members[who] = new Member(user.Id, user.Username, user.Password, user.Token);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A name that nothing has yet.</summary>
    public string Name(string kind) => $"{kind}-{Interlocked.Increment(ref names)}-{Guid.CreateVersion7():N}"[..24];

    /// <summary>A token and a refresh token that may be used up.</summary>
    public async Task<(string AccessToken, string RefreshToken)> FreshAsync(Who who) => await platform.LogInAsync(members[who].Username, members[who].Password);

    /// <summary>Makes something by the API, as one of the six, and returns what the API says of it.</summary>
    public async Task<string> MakeAsync(Who who, string path, object body, string field = "id")
    {
        var made = await platform.SendAsync(HttpMethod.Post, path, members[who].Token, body);
        return made.GetProperty(field).GetString()!;
    }

    public sealed record Member(Guid Id, string Username, string Password, string Token);
}
