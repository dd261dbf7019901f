using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.Credentials;

/// <summary>An OAuth 2.1 authorization server as strict as the specification: PKCE, resource, redirect address and client are checked, refresh tokens are good for one use.</summary>
internal sealed class AuthorizationStandIn : IAsyncDisposable
{
    public const string ClientId = "a-client", ClientSecret = "s3cret/with+signs";
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, (string Challenge, string Client, string Redirect, string Account)> codes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> refreshTokens = new(StringComparer.Ordinal);
    private int numbers;

    private AuthorizationStandIn(WebApplication app) => this.app = app;

    public string Issuer { get; private set; } = string.Empty;

    /// <summary>What MCP server it is for.</summary>
    public string Resource { get; set; } = string.Empty;

    /// <summary>Access tokens that are good, and whose they are.</summary>
    public ConcurrentDictionary<string, string> AccessTokens { get; } = new(StringComparer.Ordinal);

    /// <summary>The forms that came to the token endpoint.</summary>
    public ConcurrentQueue<Dictionary<string, string>> Asked { get; } = new();

    public ConcurrentQueue<string> Revoked { get; } = new();

    public ConcurrentQueue<JsonObject> Registered { get; } = new();

    public int Lifetime { get; set; } = 3600;

    /// <summary>Refresh tokens are refused from now on.</summary>
    public bool ForgetsLogins { get; set; }

    public bool IsDown { get; set; }

    /// <summary>Changes what it says of itself.</summary>
    public Action<JsonObject>? Lies { get; set; }

    /// <summary>Changes what it sends the browser back with.</summary>
    public Action<Dictionary<string, string?>>? LiesToTheBrowser { get; set; }

    /// <summary>What it says that it protects, when that is not so.</summary>
    public string? OtherResource { get; set; }

    public (Func<string, bool>, string) Guard => (AccessTokens.ContainsKey, $"Bearer error=\"invalid_token\", resource_metadata=\"{Issuer}/prm\", scope=\"files:read\"");

    public static async Task<AuthorizationStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = new AuthorizationStandIn(builder.Build());
        server.app.Urls.Add("http://127.0.0.1:0");
        server.app.MapGet("/prm", () => new { resource = server.OtherResource ?? server.Resource, authorization_servers = new[] { server.Issuer } });
        server.app.MapGet("/.well-known/oauth-authorization-server", server.Describe);
        server.app.MapPost("/register", server.Register);
        server.app.MapGet("/authorize", server.Authorize);
        server.app.MapPost("/token", server.AnswerAsync);
        server.app.MapPost("/revoke", async (HttpRequest request) => server.Revoked.Enqueue((await request.ReadFormAsync())["token"].ToString()));
        await server.app.StartAsync();
        server.Issuer = server.app.Urls.First();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private JsonObject Describe()
    {
        var document = new JsonObject
        {
            ["issuer"] = Issuer, ["authorization_endpoint"] = Issuer + "/authorize", ["token_endpoint"] = Issuer + "/token", ["registration_endpoint"] = Issuer + "/register",
            ["revocation_endpoint"] = Issuer + "/revoke", ["code_challenge_methods_supported"] = new JsonArray("S256"), ["authorization_response_iss_parameter_supported"] = true,
        };
        Lies?.Invoke(document);
        return document;
    }

    private IResult Register(JsonObject metadata)
    {
        Registered.Enqueue(metadata);
        return Results.Json(new { client_id = $"registered-{Registered.Count}", token_endpoint_auth_method = "none" }, statusCode: 201);
    }

    private IResult Authorize(HttpRequest request)
    {
        string Text(string name) => request.Query[name].ToString();
        if (Text("code_challenge_method") != "S256" || Text("response_type") != "code" || Text("resource") != Resource || Text("state").Length < 32)
        {
            return Results.BadRequest("The request is not as it has to be.");
        }

        var code = NewName("code");
        codes[code] = (Text("code_challenge"), Text("client_id"), Text("redirect_uri"), Text("account"));
        var answer = new Dictionary<string, string?>(StringComparer.Ordinal) { ["code"] = code, ["state"] = Text("state"), ["iss"] = Issuer };
        LiesToTheBrowser?.Invoke(answer);
        return Results.Redirect(QueryHelpers.AddQueryString(Text("redirect_uri"), answer));
    }

    private async Task<IResult> AnswerAsync(HttpRequest request)
    {
        var form = (await request.ReadFormAsync()).ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal);
        if (request.Headers.Authorization.ToString() is { Length: > 0 } basic)
        {
            form["authorization"] = string.Join(':', Encoding.UTF8.GetString(Convert.FromBase64String(basic["Basic ".Length..])).Split(':').Select(Uri.UnescapeDataString));
        }

        Asked.Enqueue(form);
        if (IsDown)
        {
            return Results.StatusCode(503);
        }

        // Whoever asks twice at once is to be seen.
        await Task.Delay(50);
        string? account = form["grant_type"] switch
        {
            "authorization_code" when codes.TryRemove(form["code"], out var code) && code.Redirect == form["redirect_uri"] && code.Client == form["client_id"]
                && code.Challenge == System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]))) => code.Account,
            "refresh_token" when !ForgetsLogins && refreshTokens.TryRemove(form["refresh_token"], out var whose) => whose,
            "client_credentials" when form.GetValueOrDefault("authorization") == $"{ClientId}:{ClientSecret}" => "the-platform",
            "urn:ietf:params:oauth:grant-type:token-exchange" when form.GetValueOrDefault("authorization") == $"{ClientId}:{ClientSecret}" =>
                "subject-of-" + JsonSerializer.Deserialize<JsonElement>(Base64(form["subject_token"].Split('.')[1])).GetProperty("sub").GetString(),
            _ => null,
        };
        if (account is null || form.GetValueOrDefault("resource") != Resource)
        {
            return Results.Json(new { error = "invalid_grant", error_description = "secret details" }, statusCode: 400);
        }

        var (access, refresh) = (NewName("access"), NewName("refresh"));
        AccessTokens[access] = account;
        if (form["grant_type"] is "authorization_code" or "refresh_token")
        {
            refreshTokens[refresh] = account;
        }

        return Results.Json(new { access_token = access, refresh_token = refresh, token_type = "bearer", expires_in = Lifetime, scope = "files:read" });
    }

    private string NewName(string kind) => $"{kind}-{Interlocked.Increment(ref numbers)}-{Guid.CreateVersion7():N}";

    private static byte[] Base64(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);
}
