using System.Globalization;
using System.Security.Claims;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.ApiKeys;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Telemetry;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// What the caller has (name and password, a refresh token, a client's secret) for tokens. Runs inside OpenIddict's token endpoint: it has checked the
/// client and the refresh token, and makes the tokens of the principal that is signed in here.
/// </summary>
internal static class Exchange
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static async Task<IResult> HandleAsync(
        HttpContext context, AuthDbContext db, Credentials credentials, TokenPrincipal principals, ActivityLog activities,
        AuthTelemetry telemetry, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("OpenIddict did not read the request.");
        if (request.IsClientCredentialsGrantType())
        {
            return Results.SignIn(TokenPrincipal.OfClient(request.ClientId!), authenticationScheme: Scheme);
        }

        if (request.IsTokenExchangeGrantType())
        {
            return await ExchangeApiKey.HandleAsync(await PresentedAsync(context), db, principals, time, cancellationToken);
        }

        if (request.IsRefreshTokenGrantType() || request.IsAuthorizationCodeGrantType())
        {
            return await RefreshAsync(context, request, db, principals, cancellationToken);
        }

        if (Credentials.Malformed(request.Username, request.Password, (string?)request["otp"]) is { } sentence)
        {
            return ProblemExtensions.Problem(StatusCodes.Status400BadRequest, sentence);
        }

        if (await credentials.CheckAsync(request.Username!, request.Password!, (string?)request["otp"], cancellationToken) is not { } account)
        {
            return ProblemExtensions.Problem(StatusCodes.Status401Unauthorized, Credentials.Refused);
        }

        // A caller who hangs up now breaks nothing off: who logged in is audited.
        cancellationToken = CancellationToken.None;
        telemetry.CountLogin("succeeded");
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var session = await principals.StartSessionAsync(account, SessionOrigin.Of(context, SessionKind.Password), cancellationToken);
        db.AddToOutbox(new UserLoggedIn { EventId = Guid.CreateVersion7(), OccurredAt = time.GetUtcNow(), UserId = account.Id, SessionId = session });
        db.AddToOutbox(activities.Create("auth.login", ActivityOutcomes.Succeeded, "session", session) with { UserId = account.Id, Username = account.UserName });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return SignIn(principals.Of(account, session), account);
    }

    private static async Task<IResult> RefreshAsync(
        HttpContext context, OpenIddictRequest request, AuthDbContext db, TokenPrincipal principals, CancellationToken cancellationToken)
    {
        var presented = await PresentedAsync(context);
        var session = presented.GetAuthorizationId();
        var account = Guid.TryParse(presented.GetClaim(OpenIddictConstants.Claims.Subject), out var id)
            ? await db.Users.AsNoTracking().SingleOrDefaultAsync(account => account.Id == id, cancellationToken)
            : null;
        if (session is null || account is not { IsActive: true } || !await principals.ContinueSessionAsync(session, cancellationToken))
        {
            return Results.Forbid(
                new AuthenticationProperties(new Dictionary<string, string?>
                {
                    [OpenIddictServerAspNetCoreConstants.Properties.Error] = OpenIddictConstants.Errors.InvalidGrant,
                    [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = "The session has ended.",
                }),
                [Scheme]);
        }

        return request.ClientId == FirstPartyEndpoints.ConsoleClient
            ? SignIn(principals.Of(account, session), account)
            : Results.SignIn(principals.Of(account, session, GrantOf(presented, request)), authenticationScheme: Scheme);
    }

    // What an OAuth client has stays what it is; for one access token it can ask for less.
    private static OAuthGrant GrantOf(ClaimsPrincipal presented, OpenIddictRequest request) =>
        new(presented.GetScopes(), presented.GetResources(), long.Parse(presented.GetClaim(OpenIddictConstants.Claims.AuthenticationTime)!, CultureInfo.InvariantCulture))
        {
            AccessScopes = request.IsRefreshTokenGrantType() && request.GetScopes() is { Length: > 0 } scopes ? scopes : presented.GetScopes(),
        };

    private static async Task<ClaimsPrincipal> PresentedAsync(HttpContext context) =>
        (await context.AuthenticateAsync(Scheme)).Principal ?? throw new InvalidOperationException("OpenIddict did not validate the token.");

    private static IResult SignIn(ClaimsPrincipal principal, Account account)
    {
        var properties = new AuthenticationProperties();
        properties.SetParameter("user", System.Text.Json.JsonSerializer.SerializeToElement(SessionUser.Of(account), ServiceDefaults.Http.HttpExtensions.Json));
        return Results.SignIn(principal, properties, Scheme);
    }
}
