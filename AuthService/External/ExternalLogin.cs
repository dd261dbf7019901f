using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Authorization.Pages;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Telemetry;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Client;
using OpenIddict.Client.AspNetCore;

namespace McpPlatform.AuthService.External;

/// <summary>
/// A login at another provider (OpenID Connect, code flow with PKCE). OpenIddict's client keeps state, nonce and issuer straight; here it is decided whose
/// account it is.
/// </summary>
internal sealed partial class ExternalLogin(
    AuthDbContext db, ExternalAccounts accounts, BrowserSessions browser, LoginPages loginPages, PageResults pages, ClientDescriptions clients, Totp totp,
    IOptions<ExternalLoginsOptions> options, ActivityLog activities, AuthTelemetry telemetry, TimeProvider time, ILogger<ExternalLogin> logger)
{
    private const string Scheme = OpenIddictClientAspNetCoreDefaults.AuthenticationScheme;
    private const string Begin = "Go back to the application and begin again.";

    public static Task<IResult> StartAsync(string provider, string? return_url, ExternalLogin self, HttpContext context, CancellationToken cancellationToken) =>
        self.StartAsync(provider, return_url, context, cancellationToken);

    public static Task<IResult> FinishAsync(string provider, ExternalLogin self, HttpContext context, CancellationToken cancellationToken) =>
        self.FinishAsync(provider, context, cancellationToken);

    private async Task<IResult> StartAsync(string provider, string? returnUrl, HttpContext context, CancellationToken cancellationToken)
    {
        if (!options.Value.Providers.ContainsKey(provider) || AuthorizeAddress.Parse(returnUrl) is not { } back || await clients.FindNameAsync(back, cancellationToken) is null)
        {
            return PageResults.ShowError(context, StatusCodes.Status400BadRequest, $"This address leads to no login. {Begin}");
        }

        try
        {
            // Asked first, since a challenge without the provider's configuration is answered by OpenIddict itself.
            await context.RequestServices.GetRequiredService<OpenIddictClientService>().GetServerConfigurationByRegistrationIdAsync(provider, cancellationToken);
            context.Response.Headers.CacheControl = "no-store";
            await context.ChallengeAsync(Scheme, new AuthenticationProperties(new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                [OpenIddictClientAspNetCoreConstants.Properties.RegistrationId] = provider,
            })
            { RedirectUri = back.Value });
            return Results.Empty;
        }
        catch (Exception exception) when (exception is OpenIddictExceptions.ProtocolException or InvalidOperationException or HttpRequestException or OperationCanceledException)
        {
            // Its discovery document cannot be had. What is wrong is for the operator.
            LogUnreachable(provider, exception);
            return PageResults.ShowError(context, StatusCodes.Status503ServiceUnavailable, $"The login at {options.Value.DisplayNameOf(provider)} is not available at the moment: try again shortly.");
        }
    }

    private async Task<IResult> FinishAsync(string provider, HttpContext context, CancellationToken cancellationToken)
    {
        if (!options.Value.Providers.TryGetValue(provider, out var configured))
        {
            return PageResults.ShowError(context, StatusCodes.Status400BadRequest, $"This address leads to no login. {Begin}");
        }

        var result = await context.AuthenticateAsync(Scheme);
        if (context.GetOpenIddictClientResponse()?.Error is not null || !result.Succeeded || ExternalIdentity.Of(result, provider, new Uri(configured.Authority).AbsoluteUri, time.GetUtcNow()) is not { } identity
            || AuthorizeAddress.Parse(result.Properties?.RedirectUri) is not { } back)
        {
            return await RefuseAnswerAsync(context, provider);
        }

        var account = await accounts.FindAsync(identity, cancellationToken);
        if (account is null && configured.MayCreateUsers)
        {
            account = await accounts.CreateAsync(identity);
        }

        if (account is null)
        {
            // To link an account one has to be its owner: the login page asks for the password, and then links.
            await identity.KeepPendingAsync(context);
            return await loginPages.ShowAsync(context, back, pending: identity, cancellationToken: cancellationToken);
        }

        if (!account.IsActive)
        {
            return await RefuseAsync(context, account, identity);
        }

        if (!await totp.IsInForceAsync(account.Id, cancellationToken))
        {
            return await LetInAsync(context, account, identity, back);
        }

        // A provider stands for the password; a second factor here is asked for here.
        await identity.KeepPendingAsync(context);
        return ShowCodePage(context, identity, back, StatusCodes.Status200OK);
    }

    /// <summary>The page that asks for the code of the second factor.</summary>
    public IResult ShowCodePage(HttpContext context, ExternalIdentity identity, AuthorizeAddress back, int status, string? error = null) =>
        PageResults.Show<CodePage>(context, status, new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            [nameof(CodePage.FormToken)] = pages.FormToken(context),
            [nameof(CodePage.ReturnUrl)] = back.Value,
            [nameof(CodePage.Action)] = $"/connect/external/{identity.Provider}/code",
            [nameof(CodePage.Provider)] = options.Value.DisplayNameOf(identity.Provider),
            [nameof(CodePage.Name)] = identity.Name,
            [nameof(CodePage.Error)] = error,
        }, back.RedirectUri);

    /// <summary>Logs somebody in who has proved everything.</summary>
    public async Task<IResult> LetInAsync(HttpContext context, Account account, ExternalIdentity identity, AuthorizeAddress back)
    {
        try
        {
            await browser.StartAsync(context, account, SessionKind.External, identity.Provider);
        }
        catch (AccountChangedException)
        {
            return await RefuseAsync(context, account, identity);
        }

        telemetry.CountLogin("succeeded");
        return new SeeOther(back.Value);
    }

    private async Task<IResult> RefuseAnswerAsync(HttpContext context, string provider)
    {
        telemetry.CountLogin("refused");
        var response = context.GetOpenIddictClientResponse();
        LogRefused(provider, response?.Error, response?.ErrorDescription);
        var transaction = context.Features.Get<OpenIddictClientAspNetCoreFeature>()?.Transaction;
        if (transaction?.GetProperty<OpenIddictClientEvents.ProcessAuthenticationContext>(typeof(OpenIddictClientEvents.ProcessAuthenticationContext).FullName!)?.StateTokenPrincipal is not null)
        {
            // It was a login that began here. What somebody makes up is none, and there is no end to it.
            db.AddToOutbox(activities.Create("auth.external.login", ActivityOutcomes.Denied, "provider", provider) with
            {
                Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = response?.Error ?? "invalid_token" },
            });
            await db.SaveChangesAsync(CancellationToken.None);
        }

        return PageResults.ShowError(
            context, StatusCodes.Status400BadRequest,
            response?.Error == OpenIddictConstants.Errors.AccessDenied
                ? $"{options.Value.DisplayNameOf(provider)} says that the login was not allowed. {Begin}"
                : $"The login at {options.Value.DisplayNameOf(provider)} did not work. {Begin}");
    }

    /// <summary>Says that the account is none to log in to.</summary>
    public async Task<IResult> RefuseAsync(HttpContext context, Account account, ExternalIdentity identity)
    {
        telemetry.CountLogin("refused");
        db.AddToOutbox(activities.Create("auth.login", ActivityOutcomes.Denied, "account", account.UserName) with
        {
            Username = account.UserName, Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["method"] = identity.Provider, ["at"] = "page" },
        });
        await db.SaveChangesAsync(CancellationToken.None);
        return PageResults.ShowError(context, StatusCodes.Status403Forbidden, "This account cannot be used at the moment: ask the people who run the platform.");
    }

    [LoggerMessage(260, LogLevel.Warning, "The external provider {Provider} cannot be reached")]
    private partial void LogUnreachable(string provider, Exception exception);

    [LoggerMessage(261, LogLevel.Warning, "A login at the external provider {Provider} was refused: {Error} {Description}")]
    private partial void LogRefused(string provider, string? error, string? description);
}
