using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>A client of the authorization server, as an MCP client is one: registers, sends the user's browser, redeems the code.</summary>
internal sealed class OAuthClient(AuthServiceApplication app, string id, string redirectUri)
{
    public const string Https = "https://client.example/callback";
    public const string Loopback = "http://127.0.0.1:33418/callback";

    public string Id => id;

    public string RedirectUri => redirectUri;

    public string Verifier { get; } = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    public string Challenge => Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    public static async Task<OAuthClient> RegisterAsync(AuthServiceApplication app, string redirectUri = Https, string name = "Test client")
    {
        using var response = await app.PostAsync("/connect/register", new { client_name = name, redirect_uris = new[] { redirectUri }, grant_types = new[] { "authorization_code", "refresh_token" } });
        return new(app, (await AuthServiceApplication.JsonAsync(response)).GetProperty("client_id").GetString()!, redirectUri);
    }

    /// <summary>The address to send the browser to. A value of null takes a parameter away.</summary>
    public string Address(params (string Name, string? Value)[] changes)
    {
        List<(string Name, string? Value)> parameters =
        [
            ("client_id", id), ("redirect_uri", redirectUri), ("response_type", "code"), ("state", "the state"), ("code_challenge", Challenge), ("code_challenge_method", "S256"),
        ];
        foreach (var (name, _) in changes)
        {
            parameters.RemoveAll(one => one.Name == name);
        }

        parameters.AddRange(changes);
        return "/connect/authorize?" + string.Join('&', parameters.Where(one => one.Value is not null).Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value!)}"));
    }

    /// <summary>Goes all the way: login, consent, code.</summary>
    public async Task<string> CodeAsync(Browser browser, string username, params (string Name, string? Value)[] changes)
    {
        var login = await browser.GetAsync(Address(changes));
        var consent = await browser.GetAsync((await LogInAsync(browser, login, username)).Location!);
        return (await AllowAsync(browser, consent)).Answer["code"];
    }

    public static Task<Page> LogInAsync(Browser browser, Page page, string username, string password = AuthServiceApplication.Password) =>
        browser.SubmitAsync(page, "/connect/login", ("username", username), ("password", password));

    public static Task<Page> AllowAsync(Browser browser, Page page) => browser.SubmitAsync(page, "/connect/authorize", ("decision", "allow"));

    public Task<HttpResponseMessage> RedeemAsync(string code, params (string Name, string Value)[] more) =>
        TokenAsync([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", Verifier), .. more]);

    public Task<HttpResponseMessage> RefreshAsync(string token, params (string Name, string Value)[] more) =>
        TokenAsync([("grant_type", "refresh_token"), ("refresh_token", token), .. more]);

    public Task<HttpResponseMessage> RevokeAsync(string token) => PostFormAsync("/connect/revoke", [("token", token)]);

    public static JsonElement Payload(JsonElement tokens) =>
        JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(tokens.GetProperty("access_token").GetString()!.Split('.')[1])).RootElement;

    public static IReadOnlyList<string> List(JsonElement payload, string claim) => payload.GetProperty(claim) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(one => one.GetString()!).Order(StringComparer.Ordinal)]
        : [payload.GetProperty(claim).GetString()!];

    public static async Task<(HttpStatusCode Status, string Error)> ErrorAsync(HttpResponseMessage response) =>
        (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString()!);

    private Task<HttpResponseMessage> TokenAsync(IEnumerable<(string Name, string Value)> fields) => PostFormAsync("/connect/token", fields);

    private async Task<HttpResponseMessage> PostFormAsync(string path, IEnumerable<(string Name, string Value)> fields)
    {
        using var client = app.Client();
        return await client.PostAsync(path, new FormUrlEncodedContent([KeyValuePair.Create("client_id", id), .. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))]));
    }
}
