using System.Collections.Concurrent;
using System.Text.Json;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.UserService.Tests;

/// <summary>Speaks what UserService needs of AuthService, on a real port: <c>/connect/token</c> and <c>/internal/accounts</c>.</summary>
public sealed class AccountsStandIn : IAsyncDisposable
{
    public const string ClientSecret = "a secret of the tests, long enough";

    /// <summary>Instead of a status in <see cref="Fail"/>: the connection ends without an answer.</summary>
    public const int BreakOff = 0;

    private readonly ConcurrentDictionary<string, Guid> usernames = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> tokens = new(StringComparer.Ordinal);
    private readonly WebApplication app;

    private AccountsStandIn(WebApplication app) => this.app = app;

    public string Address => app.Urls.First();

    /// <summary>The accounts that were asked for with a good token, in order.</summary>
    public ConcurrentQueue<JsonElement> Received { get; } = [];

    public int TokensIssued => tokens.Count;

    /// <summary>How many of the next requests for an account are answered with this status instead.</summary>
    public (int Times, int Status) Fail { get; set; }

    public static async Task<AccountsStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        var standIn = new AccountsStandIn(server);
        server.MapPost("/connect/token", standIn.IssueToken).DisableAntiforgery();
        server.MapPost("/internal/accounts", standIn.CreateAccount);
        await server.StartAsync();
        return standIn;
    }

    public JsonElement AccountOf(string username) => Received.Single(account => account.GetProperty("username").GetString() == username);

    /// <summary>From now on every token issued so far is refused, as after a change of keys.</summary>
    public void RevokeTokens()
    {
        foreach (var token in tokens.Keys)
        {
            tokens[token] = false;
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task<IResult> IssueToken(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (form["grant_type"] != "client_credentials" || form["client_id"] != "userservice" || form["client_secret"] != ClientSecret)
        {
            return Results.BadRequest(new { error = "invalid_client" });
        }

        var token = Guid.CreateVersion7().ToString("N");
        tokens[token] = true;
        return Results.Json(new { access_token = token, token_type = "Bearer", expires_in = 600 });
    }

    private IResult CreateAccount(HttpRequest request, JsonElement account)
    {
        var token = request.Headers.Authorization.ToString().Replace("Bearer ", string.Empty, StringComparison.Ordinal);
        if (!tokens.GetValueOrDefault(token))
        {
            return Results.Unauthorized();
        }

        if (Fail is { Times: > 0 } fail)
        {
            Fail = fail with { Times = fail.Times - 1 };
            if (fail.Status == BreakOff)
            {
                request.HttpContext.Abort();
            }

            return Results.StatusCode(fail.Status == BreakOff ? 500 : fail.Status);
        }

        Received.Enqueue(account.Clone());
        if (account.GetProperty("password").GetString()!.Length < 8)
        {
            return Results.ValidationProblem(
                new Dictionary<string, string[]>(StringComparer.Ordinal) { ["password"] = ["The password must have at least 8 characters."] },
                "The password must have at least 8 characters.");
        }

        var username = account.GetProperty("username").GetString()!.ToLowerInvariant();
        var id = account.GetProperty("id").GetGuid();
        return usernames.GetOrAdd(username, id) == id
            ? Results.Json(new { id, username }, statusCode: StatusCodes.Status201Created)
            : Results.Problem("The username is taken.", statusCode: StatusCodes.Status409Conflict);
    }
}
