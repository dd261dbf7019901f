using static McpPlatform.EndToEnd.Tests.Authorization.Matrix;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>AuthService.</summary>
internal static class AuthRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        Open("POST /api/login", 400, new { }),
        Open("POST /api/auth/login", 400, new { }),
        Open("POST /api/auth/refresh", 400, new { }),
        Open("POST /api/auth/bootstrap", 409, new { password = "long ago used up", new_password = "a passphrase that is long" }),
        Open("POST /connect/token", 400),
        SignedIn("GET /api/auth/me"),
        new("POST /api/auth/logout", 204, async (cast, who) => new Ask("/api/auth/logout") { Token = who == Who.Anonymous ? null : (await cast.FreshAsync(who)).AccessToken }),
        new("POST /internal/accounts", 201, (cast, _) => Task.FromResult(new Ask("/internal/accounts", new { username = cast.Name("account"), password = "a passphrase that is long" }))) { IsInternal = true },
    ];
}
