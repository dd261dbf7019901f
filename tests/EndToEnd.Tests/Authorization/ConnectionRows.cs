using McpPlatform.Contracts.Identity;
using static McpPlatform.EndToEnd.Tests.Authorization.Matrix;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>UserService's connection profiles. Nothing listens at their address; what is tried has one that may not be reached.</summary>
internal static class ConnectionRows
{
    private const string Route = "/api/db/connections", Manage = Permissions.DbConnectionsManage;

    public static IReadOnlyList<Row> All { get; } =
    [
        Needs($"GET {Route}", Manage),
        Needs($"POST {Route}", Manage, 201, (cast, _) => Task.FromResult(new Ask(Route, Profile(cast)))),
        Owned($"GET {Route}/{{id}}", Manage, 200, OfNewProfile("", null)),
        Owned($"PATCH {Route}/{{id}}", Manage, 200, OfNewProfile("", new { database = "other" })),
        Owned($"DELETE {Route}/{{id}}", Manage, 204, OfNewProfile("", null)),
        Owned($"POST {Route}/{{id}}/test", Manage, 200, OfNewProfile("/test", null)),
        Owned($"POST {Route}/{{id}}/query", Permissions.DbQuery, 502, OfNewProfile("/query", new { query = "SELECT 1" })),
        Owned($"GET {Route}/{{id}}/schema", Permissions.DbQuery, 502, OfNewProfile("/schema", null)),
        Needs("POST /api/db/test", Manage, 200, new { database_type = "postgresql", host = "10.0.0.1", database = "sales", username = "reader", password = "a password" }),
    ];

    /// <summary>A profile of the owner, made for the request.</summary>
    public static Func<Cast, Who, Task<Ask>> OfNewProfile(string suffix, object? body) => async (cast, _) =>
        new Ask($"{Route}/{await cast.MakeAsync(Who.Owner, Route, Profile(cast))}{suffix}", body);

    private static object Profile(Cast cast) =>
        new { name = cast.Name("profile"), database_type = "postgresql", host = "localhost", port = Platform.ClosedPort, database = "sales", username = "reader", password = "a password" };
}
