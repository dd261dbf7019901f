using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AuthService.Authorization;

/// <summary>Who is logged in at the pages in a browser, for McpService, whose own pages end logins at other authorization servers.</summary>
/// <param name="UserId">The user.</param>
internal sealed record BrowserUserResponse(Guid UserId);

/// <summary>Logs a browser in, if it is not, before it goes on to a login at the authorization server of an MCP server: there has to be the same user at its beginning and its end.</summary>
internal static class Identify
{
    public static async Task<IResult> HandleAsync(string? login, BrowserSessions browser, LoginPages pages, HttpContext context, CancellationToken cancellationToken) =>
        AuthorizeAddress.OfLogin(login) is not { } back ? PageResults.ShowError(context, StatusCodes.Status400BadRequest, "This address is not complete: open it as you were given it.")
        : await browser.FindAsync(context, cancellationToken) is null ? await pages.ShowAsync(context, back, cancellationToken: cancellationToken)
        : Results.Redirect($"/api/mcp/oauth/start?login={login}");

    /// <summary>The cookie is the proof.</summary>
    public static async Task<Results<Ok<BrowserUserResponse>, UnauthorizedHttpResult>> FindUserAsync(BrowserSessions browser, HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await browser.FindAsync(context, cancellationToken) is { } session ? TypedResults.Ok(new BrowserUserResponse(session.Account.Id)) : TypedResults.Unauthorized();
    }
}
