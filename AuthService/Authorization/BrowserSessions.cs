using System.Globalization;
using System.Security.Claims;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Authorization;

/// <summary>A person who is logged in at the pages, in this browser.</summary>
internal sealed record BrowserSession(Account Account, string Id, DateTimeOffset AuthenticatedAt);

/// <summary>
/// The login of the pages: a cookie that names a session, which is one like any other. It is looked up at each request, so the cookie is worth
/// nothing from the moment that the session was ended or the account disabled.
/// </summary>
internal sealed class BrowserSessions(AuthDbContext db, TokenPrincipal principals, EndAccess endAccess, ActivityLog activities, TimeProvider time)
{
    public const string Scheme = "Browser";

    /// <summary>Who is logged in; from then on the request is theirs, for the audit trail and for the forms' tokens.</summary>
    public async Task<BrowserSession?> FindAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var ticket = await context.AuthenticateAsync(Scheme);
        if (ticket.Principal is not { } principal || !Guid.TryParse(principal.FindFirstValue(PlatformClaims.Subject), out var id)
            || principal.FindFirstValue(PlatformClaims.SessionId) is not { } session)
        {
            return null;
        }

        var account = await db.Users.AsNoTracking().SingleOrDefaultAsync(account => account.Id == id, cancellationToken);
        if (account is not { IsActive: true } || !await principals.IsAliveAsync(session, cancellationToken))
        {
            await context.SignOutAsync(Scheme);
            return null;
        }

        context.User = principal;
        var since = long.Parse(principal.FindFirstValue(OpenIddictConstants.Claims.AuthenticationTime)!, CultureInfo.InvariantCulture);
        return new(account, session, DateTimeOffset.FromUnixTimeSeconds(since));
    }

    /// <summary>Logs somebody in who proved who they are; whoever was logged in in this browser before is out.</summary>
    /// <param name="context">The request.</param>
    /// <param name="account">Who.</param>
    /// <param name="kind">How they proved it.</param>
    /// <param name="method">The same for the audit trail: <c>password</c>, or the name of another provider.</param>
    public async Task StartAsync(HttpContext context, Account account, SessionKind kind, string method)
    {
        // Nothing is broken off by a browser that hangs up: the login has happened.
        var cancellationToken = CancellationToken.None;
        var previous = await FindAsync(context, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (previous is not null)
        {
            await endAccess.OfSessionAsync(previous.Account.Id, previous.Id, "logout", cancellationToken);
        }

        var session = await principals.StartSessionAsync(account, SessionOrigin.Of(context, kind), cancellationToken);
        db.AddToOutbox(new UserLoggedIn { EventId = Guid.CreateVersion7(), OccurredAt = time.GetUtcNow(), UserId = account.Id, SessionId = session });
        db.AddToOutbox(activities.Create("auth.login", ActivityOutcomes.Succeeded, "session", session) with
        {
            UserId = account.Id, Username = account.UserName, Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["method"] = method, ["at"] = "page" },
        });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await context.SignInAsync(Scheme, new ClaimsPrincipal(new ClaimsIdentity(
            [
                new Claim(PlatformClaims.Subject, account.Id.ToString()),
                new Claim(PlatformClaims.Username, account.UserName!),
                new Claim(PlatformClaims.SessionId, session),
                new Claim(OpenIddictConstants.Claims.AuthenticationTime, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
            ],
            Scheme, PlatformClaims.Username, PlatformClaims.Role)));
    }

    /// <summary>Logs out of the pages; what clients were given goes on.</summary>
    public async Task EndAsync(HttpContext context, BrowserSession session)
    {
        var cancellationToken = CancellationToken.None;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await endAccess.OfSessionAsync(session.Account.Id, session.Id, "logout", cancellationToken);
        db.AddToOutbox(activities.Create("auth.logout", ActivityOutcomes.Succeeded, "session", session.Id));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await context.SignOutAsync(Scheme);
    }
}
