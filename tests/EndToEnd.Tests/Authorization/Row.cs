using McpPlatform.Contracts.Identity;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>The six that every route is asked by.</summary>
public enum Who
{
    /// <summary>No token.</summary>
    Anonymous,

    /// <summary>Role <c>user</c>, has nothing to do with the resource.</summary>
    Ordinary,

    /// <summary>Role <c>user</c>, owns the resource.</summary>
    Owner,

    /// <summary>Role <c>user</c>, owns another resource of the same kind.</summary>
    OtherUser,

    /// <summary>Role <c>auditor</c>.</summary>
    OtherRole,

    /// <summary>Role <c>admin</c>.</summary>
    Admin,
}

/// <summary>One route of the matrix: what it answers to each of the six. The answers are derived from what the route needs.</summary>
/// <param name="Route">Method and path template, as the service's OpenAPI document has them.</param>
/// <param name="Allowed">What it answers to whom it lets in, with the request that <see cref="Arrange"/> makes.</param>
/// <param name="Arrange">Makes the path (what it names exists) and the body; asked again for each caller.</param>
public sealed record Row(string Route, int Allowed, Func<Cast, Who, Task<Ask>> Arrange)
{
    /// <summary>The permissions that it needs, all of them; none: being signed in is enough.</summary>
    public IReadOnlyList<string> Permissions { get; init; } = [];

    /// <summary>Needs no token.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Only for the owner of what it names: the others' answer is 404, as if it did not exist.</summary>
    public bool IsOwned { get; init; }

    /// <summary>Behind the Gateway, for services alone.</summary>
    public bool IsInternal { get; init; }

    public string Method => Route[..Route.IndexOf(' ')];

    /// <summary>What the caller must be answered.</summary>
    public int Expected(Who who) => who switch
    {
        _ when IsOpen => Allowed,
        Who.Anonymous => 401,
        _ when IsInternal || !Holds(who) => 403,
        _ when IsOwned && who != Who.Owner => 404,
        _ => Allowed,
    };

    private bool Holds(Who who) => Permissions.All(BuiltInRoles.Permissions[RoleOf(who)].Contains);

    public static string RoleOf(Who who) => who switch
    {
        Who.Admin => BuiltInRoles.Admin,
        Who.OtherRole => BuiltInRoles.Auditor,
        _ => BuiltInRoles.User,
    };
}

/// <summary>A request.</summary>
public sealed record Ask(string Path, object? Body = null)
{
    /// <summary>The token, where the request uses it up; else the caller's.</summary>
    public string? Token { get; init; }
}
