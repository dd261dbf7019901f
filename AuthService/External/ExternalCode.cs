using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Sessions;
using Microsoft.AspNetCore.Authentication;

namespace McpPlatform.AuthService.External;

/// <summary>
/// The code of the second factor after a login at another provider. Who it is stands in the cookie that the callback left; whose account that is, is looked up
/// again.
/// </summary>
internal static class ExternalCode
{
    private const string Wrong = "The one-time code is wrong, or the account cannot be used at the moment.";

    public static async Task<IResult> HandleAsync(
        string provider, HttpContext context, ExternalLogin login, ExternalAccounts accounts, PageResults pages, Credentials credentials, CancellationToken cancellationToken)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(cancellationToken) : FormCollection.Empty;
        if (AuthorizeAddress.Parse(form["return_url"]) is not { } back || await ExternalIdentity.FindPendingAsync(context) is not { } identity || identity.Provider != provider
            || await accounts.FindAsync(identity, cancellationToken) is not { } owner)
        {
            return PageResults.ShowError(
                context, StatusCodes.Status400BadRequest, "Too much time has passed since the login at the other provider: go back to the application and begin again.");
        }

        IResult Again(int status, string error) => login.ShowCodePage(context, identity, back, status, error);
        if (!await pages.IsOursAsync(context))
        {
            return Again(StatusCodes.Status400BadRequest, "The page was open for too long: please enter a code again.");
        }

        if ((string?)form["otp"] is not { Length: > 0 and <= Credentials.MaxOtpLength } otp)
        {
            return Again(StatusCodes.Status400BadRequest, "Enter the code that your authenticator app shows, or a recovery code.");
        }

        try
        {
            if (await credentials.CheckCodeAsync(owner.Id, otp, cancellationToken) is not { } account)
            {
                return Again(StatusCodes.Status400BadRequest, Wrong);
            }

            await context.SignOutAsync(ExternalIdentity.PendingScheme);
            return await login.LetInAsync(context, account, identity, back);
        }
        catch (TooManyFailedLoginsException limited)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(limited.Wait.TotalSeconds)).ToString();
            return Again(StatusCodes.Status429TooManyRequests, TooManyFailedLoginsException.Sentence);
        }
    }
}
