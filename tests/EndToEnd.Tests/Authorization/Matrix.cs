using McpPlatform.Contracts.Identity;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>A row for each route. A new route needs one: what it needs, and a request that succeeds.</summary>
internal static class Matrix
{
    public static IReadOnlyList<Row> Rows { get; } =
    [
        .. AuthRows.All, .. UserRows.All, .. ConnectionRows.All, .. McpRows.All, .. AnalyticsRows.All,
    ];

    /// <summary>Needs no token: everybody is answered the same.</summary>
    public static Row Open(string route, int answer, object? body = null) =>
        new(route, answer, (_, _) => Task.FromResult(new Ask(PathOf(route), body))) { IsOpen = true };

    /// <summary>Needs a token, of whomever.</summary>
    public static Row SignedIn(string route, int answer = 200, object? body = null) => Needs(route, [], answer, body);

    /// <summary>Needs a permission.</summary>
    public static Row Needs(string route, string permission, int answer = 200, object? body = null) => Needs(route, [permission], answer, body);

    public static Row Needs(string route, IReadOnlyList<string> permissions, int answer, object? body) =>
        new(route, answer, (_, _) => Task.FromResult(new Ask(PathOf(route), body))) { Permissions = permissions };

    /// <summary>Needs a permission, and something must exist first.</summary>
    public static Row Needs(string route, string permission, int answer, Func<Cast, Who, Task<Ask>> arrange) =>
        new(route, answer, arrange) { Permissions = [permission] };

    /// <summary>Names something that belongs to one user.</summary>
    public static Row Owned(string route, string? permission, int answer, Func<Cast, Who, Task<Ask>> arrange) =>
        new(route, answer, arrange) { Permissions = permission is null ? [] : [permission], IsOwned = true };

    private static string PathOf(string route) => route[(route.IndexOf(' ') + 1)..];
}
