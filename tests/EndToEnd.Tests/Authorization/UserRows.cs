using McpPlatform.Contracts.Identity;
using static McpPlatform.EndToEnd.Tests.Authorization.Matrix;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>UserService.</summary>
internal static class UserRows
{
    private static readonly Func<string, object?, Func<Cast, Who, Task<Ask>>> OfNewUser = (suffix, body) => async (cast, _) =>
        new Ask($"/api/users/{await NewUserAsync(cast)}{suffix}", body);

    public static IReadOnlyList<Row> All { get; } =
    [
        Needs("GET /api/users", Permissions.UsersRead),
        Needs("POST /api/users", Permissions.UsersManage, 201, (cast, _) => Task.FromResult(new Ask("/api/users", new { username = cast.Name("made"), password = "a passphrase that is long" }))),
        Needs("GET /api/users/{id}", Permissions.UsersRead, 200, OfNewUser("", null)),
        Needs("PATCH /api/users/{id}", Permissions.UsersManage, 200, OfNewUser("", new { email = "someone@example.com" })),
        SignedIn("GET /api/users/me"),
        SignedIn("PATCH /api/users/me", 200, new { preferences = new { theme = "dark" } }),
        SignedIn("GET /api/permissions"),
        SignedIn("GET /api/permissions/me"),
        Needs("GET /api/permissions/roles", Permissions.PermissionsManage),
        Needs("PUT /api/permissions/users/{id}/roles", Permissions.PermissionsManage, 200, async (cast, _) =>
            new Ask($"/api/permissions/users/{await NewUserAsync(cast)}/roles", new { roles = new[] { "user", "auditor" } })),
    ];

    public static Task<string> NewUserAsync(Cast cast) =>
        cast.MakeAsync(Who.Admin, "/api/users", new { username = cast.Name("made"), password = "a passphrase that is long" });
}
