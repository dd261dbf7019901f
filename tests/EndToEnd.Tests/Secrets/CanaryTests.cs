using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using McpPlatform.AuthService.Tests.Authorization;

namespace McpPlatform.EndToEnd.Tests.Secrets;

/// <summary>Secrets that can be recognised go everywhere that secrets go, and are then looked for where none belongs.</summary>
public sealed class CanaryTests(Platform platform)
{
    private const string Redirect = "https://client.example/callback";
    private readonly List<(string Name, string Value)> canaries = [];
    private readonly List<(string Request, string Problem)> problems = [];

    [Fact]
    public async Task No_secret_is_in_a_log_a_trace_an_event_an_audit_record_a_problem_or_a_table()
    {
        await using var broker = await BrokerTap.StartAsync(await platform.ConnectionStringAsync("rabbitmq"));
        platform.Telemetry.Keep();

        var (user, password) = await CredentialsAsync();
        var token = await SecondFactorAsync(user, password);
        await ApiKeyAsync(token);
        await ConnectionAsync(token);
        await ToolCallAsync(token);
        await ImportedAsync();
        await OAuthAsync();
        await NonsenseAsync();
        var last = $"/the-end-{Guid.CreateVersion7():N}";
        await TryAsync(HttpMethod.Get, last, token);

        // What was done has arrived where it is kept, and the request after all of it in the traces.
        await Platform.EventuallyAsync(TimeSpan.FromSeconds(20), async () =>
            platform.Telemetry.Has(last) && Has(broker.Bodies, last) && (await RowsAsync("/api/analytics/requests", last)) > 0 ? "there" : null, "the last request is recorded");
        List<(string Where, string Text)> places =
        [
            .. (await platform.LogsAsync()).Select(line => ($"log of {line.Instance}", line.Line)),
            .. platform.Telemetry.Stop().Select(body => ("telemetry", Encoding.UTF8.GetString(body))),
            .. broker.Bodies.Select(body => ("message", Encoding.UTF8.GetString(body))),
            .. (await Databases.DumpAsync(platform)).Select(row => (row.Table, row.Row)),
            .. problems.Select(problem => ($"answer to {problem.Request}", problem.Problem)),
        ];

        // The places are the right ones: what may be seen is found in each.
        Assert.All((string[])["telemetry", "message", "usersdb users.users", "authdb auth.users", "analyticsdb analytics.user_activities"], where =>
            Assert.Contains(places, place => place.Where == where && place.Text.Contains(where == "telemetry" ? last : user, StringComparison.Ordinal)));
        Assert.Contains(places, place => place.Where.StartsWith("log of authservice", StringComparison.Ordinal));
        Assert.True(problems.Count >= 8);
        var secrets = SearchValues.Create([.. canaries.SelectMany(canary => Forms(canary.Value))], StringComparison.OrdinalIgnoreCase);
        Assert.Equal([], places.Where(place => place.Text.AsSpan().ContainsAny(secrets)).Take(20).Select(place => $"{place.Where}: {Found(place.Text)}"));
    }

    private async Task<(string User, string Password)> CredentialsAsync()
    {
        var user = $"canary-{Guid.CreateVersion7():N}"[..24];
        var (first, wrong, second) = (Canary("first password"), Canary("wrong password"), Canary("changed password"));
        await platform.SendAsync(HttpMethod.Post, "/api/users", platform.AdminToken, new { username = user, password = first, email = $"{user}@example.com" });
        await TryAsync(HttpMethod.Post, "/api/login", body: new { username = user, password = wrong });
        await TryAsync(HttpMethod.Post, "/api/users", platform.AdminToken, new { username = user, password = wrong });
        var (token, refresh) = await LogInAsync(user, first);
        await TryAsync(HttpMethod.Post, "/api/auth/change-password", token, new { current_password = wrong, new_password = second });
        await TryAsync(HttpMethod.Post, "/api/auth/change-password", token, new { current_password = first, new_password = first });
        await platform.SendAsync(HttpMethod.Post, "/api/auth/change-password", token, new { current_password = first, new_password = second });
        Tokens("refreshed", await platform.SendAsync(HttpMethod.Post, "/api/auth/refresh", body: new { refresh_token = refresh }));
        await TryAsync(HttpMethod.Post, "/api/auth/refresh", body: new { refresh_token = refresh });
        return (user, second);
    }

    private async Task<string> SecondFactorAsync(string user, string password)
    {
        var (token, _) = await LogInAsync(user, password);
        var enrolled = await platform.SendAsync(HttpMethod.Post, "/api/auth/totp/enroll", token, new { password });
        var secret = Note("totp secret", enrolled.GetProperty("secret").GetString()!);
        var confirmed = await platform.SendAsync(HttpMethod.Post, "/api/auth/totp/confirm", token, new { otp = Code(secret) });
        var codes = confirmed.GetProperty("recovery_codes").EnumerateArray().Select(code => Note("recovery code", code.GetString()!)).ToList();
        canaries.AddRange(codes.Select(code => ("recovery code without hyphens", code.Replace("-", "", StringComparison.Ordinal))));
        await TryAsync(HttpMethod.Post, "/api/login", body: new { username = user, password, otp = Canary("wrong code") });
        return Tokens("login with a recovery code", await platform.SendAsync(HttpMethod.Post, "/api/login", body: new { username = user, password, otp = codes[0] })).Access;
    }

    private async Task ApiKeyAsync(string token)
    {
        var made = await platform.SendAsync(HttpMethod.Post, "/api/auth/api-keys", token, new { name = "canary", scopes = new[] { "mcp.servers.read" } });
        var key = Note("api key", made.GetProperty("key").GetString()!);
        await platform.SendAsync(HttpMethod.Get, "/api/mcp/servers", key);
        await TryAsync(HttpMethod.Get, "/api/users", key);
        await platform.SendAsync(HttpMethod.Delete, $"/api/auth/api-keys/{made.GetProperty("id").GetString()}", token);
        await TryAsync(HttpMethod.Get, "/api/users/me", key[..^1] + (key[^1] == 'x' ? 'y' : 'x'));
    }

    private async Task ConnectionAsync(string token)
    {
        object Profile(string name, string password) => new { name, database_type = "postgresql", host = "db.example.invalid", database = "sales", username = "reader", password };
        var made = await platform.SendAsync(HttpMethod.Post, "/api/db/connections", token, Profile("canary", Canary("database password")));
        var address = $"/api/db/connections/{made.GetProperty("id").GetString()}";
        await platform.SendAsync(HttpMethod.Patch, address, token, new { host = "other.example.invalid", password = Canary("second database password") });
        await platform.SendAsync(HttpMethod.Post, $"{address}/test", token);
        await platform.SendAsync(HttpMethod.Post, "/api/db/test", token, Profile("unsaved", Canary("tested database password")));
        await TryAsync(HttpMethod.Post, $"{address}/query", token, new { query = "SELECT $1", parameters = new[] { Canary("parameter of a query") } });
        await TryAsync(HttpMethod.Post, "/api/db/connections", token, Profile("canary", Canary("password of a second profile of that name")));
    }

    private async Task ToolCallAsync(string token)
    {
        await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/echo/call", token, new { arguments = new { message = Canary("argument of a tool") } });
        await TryAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/get-sum/call", token, new { arguments = new { a = Canary("argument of another type"), b = 1 } });
    }

    private async Task ImportedAsync()
    {
        var (user, password, file) = ($"canary-{Guid.CreateVersion7():N}"[..24], Canary("imported password"), Path.GetTempFileName());
        try
        {
            await File.WriteAllTextAsync(file, $"username,password_hash\n{user},{Bcrypt(password)}\n{user}-2,{Canary("no hash but a password")}\n");
            var (exitCode, said) = await platform.AdminAsync("import", file);
            problems.Add(("admin import", said));
            Assert.True(exitCode == 1 && said.Contains("1 imported", StringComparison.Ordinal) && said.Contains("line 3", StringComparison.Ordinal), said);
            Note("reset password", (await platform.AdminAsync("reset-password", user)).Said.Split(" is ")[1].Split(' ')[0]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task OAuthAsync()
    {
        var user = await platform.NewUserAsync();
        Note("password of the page", user.Password);
        var client = (await platform.SendAsync(HttpMethod.Post, "/connect/register", body: new { client_name = "Canary", redirect_uris = new[] { Redirect }, grant_types = new[] { "authorization_code", "refresh_token" } }))
            .GetProperty("client_id").GetString()!;
        var verifier = Canary("code verifier") + new string('x', 43);
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        using var browser = new Browser(platform.Gateway);
        var login = await browser.GetAsync($"/connect/authorize?client_id={client}&redirect_uri={Uri.EscapeDataString(Redirect)}&response_type=code&state=s&code_challenge={challenge}&code_challenge_method=S256");
        var again = await browser.SubmitAsync(login, "/connect/login", ("username", user.Username), ("password", Canary("wrong password of the page")));
        problems.Add(("the page with a wrong password", again.Html));
        var consent = await browser.GetAsync((await browser.SubmitAsync(again, "/connect/login", ("username", user.Username), ("password", user.Password))).Location!);
        var code = Note("authorization code", (await browser.SubmitAsync(consent, "/connect/authorize", ("decision", "allow"))).Answer["code"]);
        var tokens = Tokens("oauth", await FormAsync(("grant_type", "authorization_code"), ("client_id", client), ("code", code), ("redirect_uri", Redirect), ("code_verifier", verifier)));
        var next = Tokens("oauth refreshed", await FormAsync(("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", tokens.Refresh)));
        await FormAsync(("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", tokens.Refresh));
        await TryAsync(HttpMethod.Get, "/api/users/me", next.Access);
    }

    // Where no secret was asked for, and in forms that nobody expects.
    private async Task NonsenseAsync()
    {
        await TryAsync(HttpMethod.Get, $"/api/users/me?access_token={Canary("token in a query")}", Canary("token that is none"));
        await TryAsync(HttpMethod.Post, "/api/login", body: new { username = new { name = Canary("name of another type") }, password = Canary("password of nobody") });
        await TryAsync(HttpMethod.Post, "/api/login", body: new { username = "x", password = "y", client_secret = Canary("client secret at the login") });
        await FormAsync(("grant_type", "client_credentials"), ("client_id", "userservice"), ("client_secret", Canary("client secret")));
        await TryAsync(HttpMethod.Post, "/api/auth/bootstrap", body: new { password = Canary("one-time password"), new_password = Canary("first admin's password") });
    }

    private async Task<JsonElement> FormAsync(params (string Name, string Value)[] fields)
    {
        using var client = new HttpClient { BaseAddress = platform.Gateway };
        using var response = await client.PostAsync(new Uri("/connect/token", UriKind.Relative), new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));
        if (!response.IsSuccessStatusCode)
        {
            problems.Add(("/connect/token", await response.Content.ReadAsStringAsync()));
        }

        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task TryAsync(HttpMethod method, string path, string? token = null, object? body = null)
    {
        using var response = await platform.TryAsync(method, path, token, body);
        if (response.StatusCode >= HttpStatusCode.BadRequest)
        {
            problems.Add(($"{method} {path.Split('?')[0]}", $"{response.Headers} {await response.Content.ReadAsStringAsync()}"));
        }
    }

    private async Task<int> RowsAsync(string path, string text)
    {
        var page = await platform.SendAsync(HttpMethod.Get, $"{path}?limit=100", platform.AdminToken);
        return page.GetProperty("items").EnumerateArray().Count(item => item.GetRawText().Contains(text, StringComparison.Ordinal));
    }

    private async Task<(string Access, string Refresh)> LogInAsync(string user, string password) =>
        Tokens("login", await platform.SendAsync(HttpMethod.Post, "/api/login", body: new { username = user, password }));

    // Of an access token the signature: the rest is the same in others.
    private (string Access, string Refresh) Tokens(string of, JsonElement answer)
    {
        var (access, refresh) = (answer.GetProperty("access_token").GetString()!, answer.GetProperty("refresh_token").GetString()!);
        Note($"access token of {of}", access.Split('.')[2]);
        return (access, Note($"refresh token of {of}", refresh));
    }

    private string Canary(string name) => Note(name, $"Canary-{canaries.Count}-{RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 20)}");

    private string Note(string name, string value)
    {
        canaries.Add((name, value));
        return value;
    }

    private static bool Has(IEnumerable<byte[]> bodies, string text) => bodies.Any(body => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    // As it is, and as bytes are written in a dump and in JSON. Base64 of a text depends on where in it the secret stands: so without the ends.
    private static IEnumerable<string> Forms(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        yield return value;
        yield return Convert.ToHexStringLower(bytes);
        yield return Convert.ToBase64String(bytes)[..^4];
    }

    private string Found(string text)
    {
        var (name, form) = canaries.SelectMany(canary => Forms(canary.Value).Select(form => (canary.Name, Form: form))).First(one => text.Contains(one.Form, StringComparison.OrdinalIgnoreCase));
        var at = text.IndexOf(form, StringComparison.OrdinalIgnoreCase);
        return $"{name} in {text[Math.Max(0, at - 120)..Math.Min(text.Length, at + form.Length + 40)]}";
    }

    // RFC 6238, as an authenticator computes it.
    private static string Code(string secret)
    {
        var bits = string.Concat(secret.Select(letter => Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        var key = Enumerable.Range(0, bits.Length / 8).Select(at => Convert.ToByte(bits.Substring(at * 8, 8), 2)).ToArray();
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 30);
#pragma warning disable CA5350 // What authenticators know.
        var hash = HMACSHA1.HashData(key, counter);
#pragma warning restore CA5350
        return ((BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 15)) & int.MaxValue) % 1_000_000).ToString("D6");
    }

    private static string Bcrypt(string password) => BCrypt.Net.BCrypt.HashPassword(password, 10);
}
