using McpPlatform.AuthService.Authorization.Pages;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Primitives;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// The authorization endpoint (OAuth 2.1 section 4.1.1). OpenIddict has checked client, redirect address, PKCE, scopes and resources; here the person is
/// asked, first who they are and then whether they allow it.
/// </summary>
internal sealed class Authorize(
    AuthDbContext db, BrowserSessions browser, Consents consents, ClientDescriptions clients, LoginPages loginPages, ResourceIndicators resources,
    TokenPrincipal principals, PageResults pages, ActivityLog activities, TimeProvider time)
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;
    private const string Decision = "decision";

    public static Task<IResult> HandleAsync(Authorize authorize, HttpContext context, CancellationToken cancellationToken) =>
        authorize.AnswerAsync(context, cancellationToken);

    private async Task<IResult> AnswerAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("OpenIddict did not read the request.");
        var fields = Fields(context);
        if (AuthorizeAddress.Of(fields) is null)
        {
            return Refuse(Errors.InvalidRequest, "The request is too long.");
        }

        var session = await browser.FindAsync(context, cancellationToken);
        if (session is null || MustLogInAgain(request, session))
        {
            // What a login fulfils is not asked again on the way back.
            return request.HasPromptValue(PromptValues.None)
                ? Refuse(Errors.LoginRequired, "The user is not logged in.")
                : await loginPages.ShowAsync(context, AuthorizeAddress.Of(Fulfilled(fields), Parameters.MaxAge)!, cancellationToken: cancellationToken);
        }

        var client = await clients.FindAsync(request.ClientId!, cancellationToken);
        var targets = resources.Of(request.GetResources());
        var scopes = client.Refreshes && !targets.Contains(ResourceIndicators.Api, StringComparer.Ordinal)
            ? OAuthScopes.OfMcpClient(request.GetScopes())
            : OAuthScopes.Of(request.GetScopes());
        var grant = new OAuthGrant(scopes, targets, session.AuthenticatedAt.ToUnixTimeSeconds());
        var (decision, stale) = await DecisionAsync(context);
        if (decision == "deny")
        {
            await AuditAsync(ActivityOutcomes.Denied, client, grant, request);
            return Refuse(Errors.AccessDenied, "The user did not allow it.");
        }

        if (decision != "allow" && (request.HasPromptValue(PromptValues.Consent) || !RedirectUris.ProvesClient(request.RedirectUri!)
            || !await consents.CoverAsync(session.Account.Id, client.RowId, grant, cancellationToken)))
        {
            return request.HasPromptValue(PromptValues.None)
                ? Refuse(Errors.ConsentRequired, "The user has to be asked.")
                : AskForConsent(context, request, session, client, grant, fields, stale);
        }

        return await AllowAsync(context, request, session, client, grant, decision is not null);
    }

    private async Task<IResult> AllowAsync(
        HttpContext context, OpenIddictRequest request, BrowserSession session, ClientDescription client, OAuthGrant grant, bool asked)
    {
        // Nothing is broken off by a browser that hangs up: the answer was given.
        var cancellationToken = CancellationToken.None;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);

        // Holds the login until the client's session stands beside it: whoever ends all sessions at this moment waits, and then ends both.
        if (!await principals.ContinueSessionAsync(session.Id, cancellationToken))
        {
            return Refuse(Errors.LoginRequired, "The login has just ended.");
        }

        if (asked)
        {
            await consents.RecordAsync(session.Account.Id, client.RowId, grant, cancellationToken);
            await AuditAsync(ActivityOutcomes.Succeeded, client, grant, request);
        }

        await clients.MarkUsedAsync(request.ClientId!, time.GetUtcNow(), cancellationToken);
        var id = await principals.StartSessionAsync(
            session.Account, SessionOrigin.Of(context, SessionKind.OAuth) with { ClientId = client.ClientId, AuthenticatedAt = session.AuthenticatedAt }, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Results.SignIn(principals.Of(session.Account, id, grant), authenticationScheme: Scheme);
    }

    private IResult AskForConsent(
        HttpContext context, OpenIddictRequest request, BrowserSession session, ClientDescription client, OAuthGrant grant,
        IReadOnlyList<KeyValuePair<string, StringValues>> fields, bool stale)
    {
        var target = new Uri(request.RedirectUri!);
        var local = target.IsLoopback;
        return PageResults.Show<ConsentPage>(context, stale ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK, new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            [nameof(ConsentPage.FormToken)] = pages.FormToken(context),
            [nameof(ConsentPage.Fields)] = fields.SelectMany(field => field.Value.Select(value => KeyValuePair.Create(field.Key, value))).ToList(),
            [nameof(ConsentPage.ReturnUrl)] = AuthorizeAddress.Of(fields)!.Value,
            [nameof(ConsentPage.Client)] = client.Name,
            [nameof(ConsentPage.Origin)] = client.Origin,
            [nameof(ConsentPage.Username)] = session.Account.UserName,
            [nameof(ConsentPage.Scopes)] = grant.Scopes.Select(scope => new ConsentPage.ScopeLine(
                OAuthScopes.Describe(scope), !OAuthScopes.IsPermission(scope) || session.Account.Permissions.Contains(scope, StringComparer.Ordinal))).ToList(),
            [nameof(ConsentPage.Resources)] = grant.Resources.Select(resources.Describe).ToList(),
            [nameof(ConsentPage.Target)] = target.Host.Length > 0 ? target.Authority : $"the application that opens {target.Scheme}: addresses",
            [nameof(ConsentPage.IsLocal)] = local,
            [nameof(ConsentPage.Error)] = stale ? "The page was open for too long, or somebody else has logged in: please decide again." : null,
        }, request.RedirectUri);
    }

    // A form without our proof is no decision: another page may have sent it.
    private async Task<(string? Decision, bool Stale)> DecisionAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || (string?)context.Request.Form[Decision] is not { } decision)
        {
            return (null, false);
        }

        return await pages.IsOursAsync(context) ? (decision, false) : (null, true);
    }

    private async Task AuditAsync(string outcome, ClientDescription client, OAuthGrant grant, OpenIddictRequest request)
    {
        db.AddToOutbox(activities.Create("oauth.consent", outcome, "oauth_client", client.ClientId, newValues: new
        {
            client = client.Name, scopes = grant.Scopes, resources = grant.Resources, redirect_uri = request.RedirectUri,
        }));
        await db.SaveChangesAsync(CancellationToken.None);
    }

    private bool MustLogInAgain(OpenIddictRequest request, BrowserSession session) =>
        request.HasPromptValue(PromptValues.Login) || request.HasPromptValue(PromptValues.SelectAccount)
        || (request.MaxAge is { } seconds && time.GetUtcNow() - session.AuthenticatedAt > TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue)));

    // The parameters of the request, without those of our own forms.
    private static List<KeyValuePair<string, StringValues>> Fields(HttpContext context)
    {
        IEnumerable<KeyValuePair<string, StringValues>> all = HttpMethods.IsPost(context.Request.Method) ? context.Request.Form : context.Request.Query;
        return [.. all.Where(field => field.Key is not (Decision or LoginPages.FormTokenField))];
    }

    private static List<KeyValuePair<string, StringValues>> Fulfilled(List<KeyValuePair<string, StringValues>> fields) =>
        [.. fields.Select(field => field.Key != Parameters.Prompt ? field : KeyValuePair.Create(
            field.Key,
            new StringValues(string.Join(' ', field.Value.ToString().Split(' ').Except([PromptValues.Login, PromptValues.SelectAccount], StringComparer.Ordinal)))))
            .Where(field => field.Value.ToString().Length > 0)];

    private static IResult Refuse(string error, string sentence) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = sentence,
        }),
        [Scheme]);
}
