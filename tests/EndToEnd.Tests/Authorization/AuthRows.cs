using System.Buffers.Text;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
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
        Open("GET /connect/authorize", 400),
        Open("POST /connect/authorize", 400),
        Open("GET /connect/identify", 400),
        Open("POST /connect/login", 400),
        Open("POST /connect/logout", 400),
        Open("POST /connect/register", 400, new { }),
        new("GET /connect/external/{provider}", 400, (_, _) => Task.FromResult(new Ask("/connect/external/nobody"))) { IsOpen = true },
        new("GET /connect/external/{provider}/callback", 400, (_, _) => Task.FromResult(new Ask("/connect/external/nobody/callback"))) { IsOpen = true },
        new("POST /connect/external/{provider}/code", 400, (_, _) => Task.FromResult(new Ask("/connect/external/nobody/code"))) { IsOpen = true },
        SignedIn("GET /api/auth/external-logins"),
        new("DELETE /api/auth/external-logins/{provider}", 404, (_, _) => Task.FromResult(new Ask("/api/auth/external-logins/nobody"))),
        SignedIn("GET /api/auth/me"),
        new("POST /api/auth/logout", 204, async (cast, who) => new Ask("/api/auth/logout") { Token = who == Who.Anonymous ? null : (await cast.FreshAsync(who)).AccessToken }),
        SignedIn("GET /api/auth/sessions"),
        Owned("DELETE /api/auth/sessions/{id}", null, 204, async (cast, who) => new Ask($"/api/auth/sessions/{SessionOf((await cast.FreshAsync(Who.Owner)).AccessToken)}")),
        new("POST /api/auth/change-password", 204, async (cast, who) =>
        {
            var user = await cast.Platform.NewUserAsync(Row.RoleOf(who));
            var body = new { current_password = user.Password, new_password = "another passphrase that is long" };
            return new Ask("/api/auth/change-password", body) { Token = who == Who.Anonymous ? null : user.Token };
        }),
        SignedIn("GET /api/auth/api-keys"),
        new("POST /api/auth/api-keys", 201, (_, who) => Task.FromResult(
            new Ask("/api/auth/api-keys", new { name = "a key", scopes = new[] { who == Who.OtherRole ? Permissions.AuditRead : Permissions.McpToolsCall } }))),
        Owned("DELETE /api/auth/api-keys/{id}", null, 204, async (cast, _) => new Ask(
            $"/api/auth/api-keys/{await cast.MakeAsync(Who.Owner, "/api/auth/api-keys", new { name = "a key", scopes = new[] { Permissions.McpToolsCall } })}")),
        // A wrong password or code is a failed login: each of the six is one of its own, whom nobody else needs.
        new("POST /api/auth/totp/enroll", 200, async (cast, who) =>
        {
            var user = await cast.Platform.NewUserAsync(Row.RoleOf(who));
            return new Ask("/api/auth/totp/enroll", new { password = user.Password }) { Token = who == Who.Anonymous ? null : user.Token };
        }),
        SignedIn("POST /api/auth/totp/confirm", 400, new { otp = "nothing waits for it" }),
        SignedIn("POST /api/auth/totp/disable", 404, new { password = "there is no second factor", otp = "000000" }),
        new("POST /internal/accounts", 201, (cast, _) => Task.FromResult(new Ask("/internal/accounts", new { username = cast.Name("account"), password = "a passphrase that is long" }))) { IsInternal = true },
        new("GET /internal/browser-session", 401, (_, _) => Task.FromResult(new Ask("/internal/browser-session"))) { IsInternal = true, IsOpen = true },
        new("POST /internal/revocations/check", 200, (_, _) => Task.FromResult(new Ask("/internal/revocations/check", new { queries = Array.Empty<object>() }))) { IsInternal = true, IsOpen = true },
    ];

    private static string SessionOf(string token) =>
        JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("sid").GetString()!;
}
