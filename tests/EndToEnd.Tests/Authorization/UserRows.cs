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
        Needs("PUT /api/users/{id}", Permissions.UsersManage, 200, OfNewUser("", new { email = "someone@example.com", is_active = true })),
        Needs("DELETE /api/users/{id}", Permissions.UsersManage, 204, OfNewUser("", null)),
        SignedIn("GET /api/users/me"),
        SignedIn("PATCH /api/users/me", 200, new { preferences = new { theme = "dark" } }),
        SignedIn("GET /api/permissions"),
        SignedIn("GET /api/permissions/me"),
        Needs("GET /api/permissions/roles", Permissions.PermissionsManage),
        .. Access,
        Needs("PUT /api/permissions/users/{id}/roles", Permissions.PermissionsManage, 200, async (cast, _) =>
            new Ask($"/api/permissions/users/{await NewUserAsync(cast)}/roles", new { roles = new[] { "user", "auditor" } })),
    ];

    // A property and not a field: the list above is made before what stands below it.
    private static IReadOnlyList<Row> Access =>
    [
        Needs("POST /api/permissions/roles", Permissions.PermissionsManage, 201, (cast, _) =>
            Task.FromResult(new Ask("/api/permissions/roles", new { name = cast.Name("role"), permissions = new[] { "db.query" } }))),
        Needs("GET /api/permissions/roles/{name}", Permissions.PermissionsManage, 200, OfNew("roles", "", null)),
        Needs("PUT /api/permissions/roles/{name}", Permissions.PermissionsManage, 200, OfNew("roles", "", new { permissions = new[] { "db.query" } })),
        Needs("DELETE /api/permissions/roles/{name}", Permissions.PermissionsManage, 204, OfNew("roles", "", null)),
        Needs("GET /api/permissions/teams", Permissions.PermissionsManage),
        Needs("POST /api/permissions/teams", Permissions.PermissionsManage, 201, (cast, _) =>
            Task.FromResult(new Ask("/api/permissions/teams", new { name = cast.Name("team"), roles = new[] { "user" } }))),
        Needs("GET /api/permissions/teams/{name}", Permissions.PermissionsManage, 200, OfNew("teams", "", null)),
        Needs("PUT /api/permissions/teams/{name}", Permissions.PermissionsManage, 200, OfNew("teams", "", new { roles = new[] { "auditor" }, owns = new[] { "server:x" } })),
        Needs("DELETE /api/permissions/teams/{name}", Permissions.PermissionsManage, 204, OfNew("teams", "", null)),
        Needs("GET /api/permissions/teams/{name}/members", Permissions.PermissionsManage, 200, OfNew("teams", "/members", null)),
        Needs("PUT /api/permissions/teams/{name}/members/{user_id}", Permissions.PermissionsManage, 204, async (cast, who) =>
            await OfNew("teams", $"/members/{await NewUserAsync(cast)}", null)(cast, who)),
        Needs("DELETE /api/permissions/teams/{name}/members/{user_id}", Permissions.PermissionsManage, 204, async (cast, who) =>
            await OfNew("teams", $"/members/{await NewUserAsync(cast)}", null)(cast, who)),
        Needs("POST /api/permissions/roles/{name}/preview", Permissions.PermissionsManage, 200, OfNew("roles", "/preview", new { permissions = new[] { "db.query" } })),
        Needs("GET /api/permissions/explain", Permissions.PermissionsManage, 200, (cast, who) =>
            Task.FromResult(new Ask($"/api/permissions/explain?user={cast[Who.Owner].Id}&permission=db.query&resource=connection:a/b"))),
        Needs("POST /api/permissions/grants/preview", Permissions.PermissionsManage, 200, async (cast, _) => new Ask(
            "/api/permissions/grants/preview", new { subject_type = "role", subject = await NewAsync(cast, "roles"), rules = Array.Empty<object>() })),
        Needs("GET /api/permissions/grants", Permissions.PermissionsManage),
        Needs("PUT /api/permissions/grants", Permissions.PermissionsManage, 200, async (cast, _) => new Ask(
            "/api/permissions/grants",
            new { subject_type = "role", subject = await NewAsync(cast, "roles"), rules = new[] { new { effect = "deny", resource = "tool:x/*" } } })),
    ];

    private static Func<Cast, Who, Task<Ask>> OfNew(string kind, string suffix, object? body) => async (cast, _) =>
        new Ask($"/api/permissions/{kind}/{await NewAsync(cast, kind)}{suffix}", body);

    private static Task<string> NewAsync(Cast cast, string kind) => cast.MakeAsync(
        Who.Admin, $"/api/permissions/{kind}", kind == "roles" ? new { name = cast.Name("made"), permissions = Array.Empty<string>() } : new { name = cast.Name("made") }, "name");

    public static Task<string> NewUserAsync(Cast cast) =>
        cast.MakeAsync(Who.Admin, "/api/users", new { username = cast.Name("made"), password = "a passphrase that is long" });
}
