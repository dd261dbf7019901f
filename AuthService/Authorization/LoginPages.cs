using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Authorization.Pages;
using McpPlatform.AuthService.External;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Telemetry;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Authorization;

/// <summary>The login page and the forms around it. A login here is checked, limited and audited like one through the API.</summary>
internal sealed class LoginPages(
    BrowserSessions browser, ClientDescriptions clients, PageResults pages, Credentials credentials, ExternalAccounts externalAccounts,
    IOptions<ExternalLoginsOptions> external, AuthTelemetry telemetry)
{
    public const string FormTokenField = "form_token";

    // One sentence for every credential that does not work, as at the API, but in the words of the form.
    private const string Refused = "Username, password or one-time code is wrong, or the account cannot be used at the moment.";
    private const string Lost = "This page was opened without an application that asked for it: go back to the application and begin again there.";

    /// <summary>The page.</summary>
    /// <param name="context">The request.</param>
    /// <param name="back">The authorization request that waits.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="error">What did not work.</param>
    /// <param name="username">What was typed.</param>
    /// <param name="pending">Who logged in elsewhere, and has no account that is linked yet.</param>
    /// <param name="cancellationToken">Of the request.</param>
    public async Task<IResult> ShowAsync(
        HttpContext context, AuthorizeAddress back, int status = StatusCodes.Status200OK, string? error = null, string? username = null, ExternalIdentity? pending = null,
        CancellationToken cancellationToken = default) =>
        await clients.FindNameAsync(back, cancellationToken) is { } client
            ? PageResults.Show<LoginPage>(context, status, new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                [nameof(LoginPage.FormToken)] = pages.FormToken(context),
                [nameof(LoginPage.ReturnUrl)] = back.Value,
                [nameof(LoginPage.Client)] = client,
                [nameof(LoginPage.Username)] = username,
                [nameof(LoginPage.Error)] = error,
                [nameof(LoginPage.Pending)] = pending is null ? null : new LoginPage.PendingLink(external.Value.DisplayNameOf(pending.Provider), pending.Name),
                [nameof(LoginPage.Providers)] = pending is not null ? [] : external.Value.Providers.Keys.Order(StringComparer.Ordinal)
                    .Select(provider => new LoginPage.LoginProvider(
                        external.Value.DisplayNameOf(provider), $"/connect/external/{provider}" + QueryString.Create("return_url", back.Value).ToUriComponent())).ToList(),
            }, back.RedirectUri)
            : PageResults.ShowError(context, StatusCodes.Status400BadRequest, Lost);

    public static Task<IResult> LogInAsync(LoginPages self, HttpContext context, CancellationToken cancellationToken) => self.LogInAsync(context, cancellationToken);

    public static Task<IResult> LogOutAsync(LoginPages self, HttpContext context, CancellationToken cancellationToken) => self.LogOutAsync(context, cancellationToken);

    private async Task<IResult> LogInAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(cancellationToken) : FormCollection.Empty;
        if (AuthorizeAddress.Parse(form["return_url"]) is not { } back)
        {
            return PageResults.ShowError(context, StatusCodes.Status400BadRequest, Lost);
        }

        string? username = form["username"], password = form["password"], otp = form["otp"];
        var pending = await ExternalIdentity.FindPendingAsync(context);
        Task<IResult> AgainAsync(int status, string error) => ShowAsync(context, back, status, error, username?.Length <= 256 ? username : null, pending, CancellationToken.None);

        // A form's token is bound to who was logged in when it was shown.
        await browser.FindAsync(context, cancellationToken);
        if (!await pages.IsOursAsync(context))
        {
            return await AgainAsync(StatusCodes.Status400BadRequest, "The page was open for too long: please log in again.");
        }

        if (Credentials.Malformed(username, password, otp) is { } sentence)
        {
            return await AgainAsync(StatusCodes.Status400BadRequest, sentence);
        }

        try
        {
            if (await credentials.CheckAsync(username!, password!, otp, cancellationToken) is not { } account)
            {
                return await AgainAsync(StatusCodes.Status400BadRequest, Refused);
            }

            if (pending is not null)
            {
                // Both were proved in this browser, within ten minutes; linked is what the person left ticked.
                await context.SignOutAsync(ExternalIdentity.PendingScheme);
                if (form["link"] == "yes" && !await externalAccounts.LinkAsync(account, pending))
                {
                    return await ShowAsync(context, back, StatusCodes.Status409Conflict, "That login is linked with another account already.", username, cancellationToken: CancellationToken.None);
                }
            }

            telemetry.CountLogin("succeeded");
            await browser.StartAsync(context, account, SessionKind.Password, "password");
            return new SeeOther(back.Value);
        }
        catch (AccountChangedException)
        {
            return await AgainAsync(StatusCodes.Status400BadRequest, Refused);
        }
        catch (TooManyFailedLoginsException limited)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(limited.Wait.TotalSeconds)).ToString();
            return await AgainAsync(StatusCodes.Status429TooManyRequests, TooManyFailedLoginsException.Sentence);
        }
        catch (PasswordWorkBusyException)
        {
            context.Response.Headers.RetryAfter = "2";
            return await AgainAsync(StatusCodes.Status503ServiceUnavailable, "Too many people are logging in at the same moment: try again in two seconds.");
        }
    }

    private async Task<IResult> LogOutAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(cancellationToken) : FormCollection.Empty;
        if (AuthorizeAddress.Parse(form["return_url"]) is not { } back)
        {
            return PageResults.ShowError(context, StatusCodes.Status400BadRequest, Lost);
        }

        if (await browser.FindAsync(context, cancellationToken) is { } session && await pages.IsOursAsync(context))
        {
            await browser.EndAsync(context, session);
        }

        return new SeeOther(back.Value);
    }
}
