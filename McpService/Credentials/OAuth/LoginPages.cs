using System.Net;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>
/// What a browser sees of a login at another authorization server: before it, where it leads, and after it, what came of it. Both times the browser has to be logged
/// in at the platform as the user who began: else somebody could send another person an address, and use what that person allows.
/// </summary>
internal sealed partial class LoginPages(
    PendingLogins logins, BrowserUsers browsers, TokenGrants grants, OAuthClients clients, McpDbContext db, SecretProtector protector, ActivityLog activities, Registry registry,
    SweepSignal sweep, TimeProvider time, ILogger<LoginPages> logger)
{
    private const string Gone = "This login was finished already, or it was begun more than ten minutes ago: begin again.";
    private const string SomebodyElse = "This login was begun by somebody else than the one who is logged in here. If somebody sent you this address, close this window; else log in as who began it.";

    /// <summary>Before the login.</summary>
    public static Task<IResult> ShowStartAsync(string? login, LoginPages pages, HttpContext context, CancellationToken cancellationToken) =>
        pages.ShowStartAsync(login, context, cancellationToken);

    /// <summary>After the login: the redirect address of the platform (OAuth 2.1 section 4.1.2).</summary>
    public static Task<IResult> FinishAsync(LoginPages pages, [AsParameters] LoginAnswer answer, HttpContext context, CancellationToken cancellationToken) =>
        pages.FinishAsync(answer, context, cancellationToken);

    private async Task<IResult> ShowStartAsync(string? login, HttpContext context, CancellationToken cancellationToken) =>
        login is null || await logins.FindAsync(login) is not { } pending ? PlainPage.Show(context, 400, "This did not work", Gone)
        : await RefuseAsync(context, pending, cancellationToken) ?? PlainPage.Show(
            context, 200, $"Log in for “{pending.ServerName}”",
            $"The MCP server “{pending.ServerName}” is used {(pending.ForEverybody ? "by everybody who may use it" : "by you alone")} with an account at {new Uri(pending.Issuer).Authority}. You will be asked there whether McpPlatform may use yours.",
            ($"Continue to {new Uri(pending.AuthorizationAddress).Authority}", pending.AuthorizationAddress));

    private async Task<IResult> FinishAsync(LoginAnswer answer, HttpContext context, CancellationToken cancellationToken)
    {
        // First who it is, and only then the login is used up: a stranger cannot end somebody's.
        if (answer.State is null || await logins.FindAsync(answer.State) is not { } pending)
        {
            return PlainPage.Show(context, 400, "This did not work", Gone);
        }

        if (await RefuseAsync(context, pending, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        if (await logins.TakeAsync(answer.State) is null)
        {
            return PlainPage.Show(context, 400, "This did not work", Gone);
        }

        // RFC 9207: another authorization server's answer is not taken for this one's.
        if (answer.Iss is null ? pending.IsNamed : answer.Iss != pending.Issuer)
        {
            return await FailAsync(context, pending, "the answer is not from the authorization server that was asked");
        }

        if (answer.Error is not null || string.IsNullOrEmpty(answer.Code))
        {
            return await FailAsync(context, pending, answer.Error == "access_denied" ? "it was not allowed" : "the authorization server refused");
        }

        try
        {
            await StoreAsync(pending, await grants.RedeemAsync(pending, answer.Code, clients.CallbackAddress, CancellationToken.None));
            return PlainPage.Show(context, 200, "You are logged in", $"The MCP server “{pending.ServerName}” can be used now. You may close this window.");
        }
        catch (OAuthException exception)
        {
            LogFailed(pending.ServerName, exception.Message, exception);
            return await FailAsync(context, pending, $"the authorization server {exception.Message}");
        }
        catch (DbUpdateException)
        {
            return PlainPage.Show(context, 409, "This did not work", $"The MCP server “{pending.ServerName}” was removed or changed meanwhile.");
        }
    }

    private async Task<IResult?> RefuseAsync(HttpContext context, PendingLogin pending, CancellationToken cancellationToken) => await browsers.FindAsync(context, cancellationToken) switch
    {
        null => PlainPage.Show(context, 401, "Log in first", "You are not logged in at McpPlatform in this browser any more: begin again."),
        { } user when user != pending.User => PlainPage.Show(context, 403, "This is not your login", SomebodyElse),
        _ => null,
    };

    private async Task StoreAsync(PendingLogin pending, TokenSet tokens)
    {
        var (now, user) = (time.GetUtcNow(), pending.ForEverybody ? (Guid?)null : pending.User);
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({$"mcp.token|{pending.ServerId}|{user}"}, 0))");

        // Not for a server that has been moved or set anew since: what was allowed was for the one that was there.
        if (!await db.Servers.AnyAsync(server => server.Id == pending.ServerId && server.Auth != null))
        {
            throw new DbUpdateException("The server is gone.");
        }

        var row = await db.UpstreamTokens.AsTracking().SingleOrDefaultAsync(token => token.ServerId == pending.ServerId && token.UserId == user);
        if (row is null)
        {
            row = UpstreamToken.Create(pending.ServerId, user, now);
            db.Add(row);
        }

        row.Set(protector, tokens, now);
        db.AddToOutbox(Record(pending, ActivityOutcomes.Succeeded) with
        {
            Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["issuer"] = tokens.Issuer, ["scopes"] = tokens.Scopes ?? string.Empty, ["owner"] = user is null ? CredentialOwners.Server : CredentialOwners.User },
        });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        await registry.RefreshAsync(CancellationToken.None);
        sweep.Wake();
    }

    private async Task<IResult> FailAsync(HttpContext context, PendingLogin pending, string cause)
    {
        db.AddToOutbox(Record(pending, ActivityOutcomes.Failed) with { Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = cause } });
        await db.SaveChangesAsync(CancellationToken.None);
        return PlainPage.Show(context, 400, "This did not work", $"You are not logged in for the MCP server “{pending.ServerName}”: {cause}.");
    }

    private ActivityRecorded Record(PendingLogin pending, string outcome) => activities.Create("mcp.credentials.login", outcome, "mcp_server", pending.ServerName) with { UserId = pending.User };

    [LoggerMessage(1461, LogLevel.Warning, "A login for the MCP server {Server} failed: its authorization server {Cause}")]
    private partial void LogFailed(string server, string cause, Exception exception);
}

/// <summary>What an authorization server sends the browser back with (OAuth 2.1 section 4.1.2, RFC 9207).</summary>
/// <param name="State">Which login it is.</param>
/// <param name="Code">What the tokens are got for.</param>
/// <param name="Error">Why there are none.</param>
/// <param name="Iss">Which authorization server it is.</param>
internal sealed record LoginAnswer(string? State = null, string? Code = null, string? Error = null, string? Iss = null);

/// <summary>Who is logged in at the platform's pages, in the browser that asks.</summary>
internal sealed class BrowserUsers(IHttpClientFactory clients)
{
    public const string ClientName = "browser-users";

    /// <summary>Asks AuthService, whose cookie it is.</summary>
    public async Task<Guid?> FindAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Request.Headers.Cookie is not [{ Length: > 0 } cookie])
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://authservice/internal/browser-session"));
        request.Headers.TryAddWithoutValidation("Cookie", cookie);
        using var response = await clients.CreateClient(ClientName).SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK && await response.Content.ReadFromJsonAsync<BrowserSessionAnswer>(cancellationToken) is { } answer ? answer.UserId : null;
    }

    private sealed record BrowserSessionAnswer([property: System.Text.Json.Serialization.JsonPropertyName("user_id")] Guid UserId);
}
