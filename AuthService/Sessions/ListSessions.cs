using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Sessions;

/// <summary>A session of one's own.</summary>
/// <param name="Id">What ends it: <c>DELETE /api/auth/sessions/{id}</c>.</param>
/// <param name="Kind"><c>password</c>, <c>oauth</c> (a client that was let in) or <c>external</c>.</param>
/// <param name="Client">The client's name.</param>
/// <param name="Ip">Where it began.</param>
/// <param name="UserAgent">What the program called itself there.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="AuthenticatedAt">When the person last proved who they are.</param>
/// <param name="LastSeenAt">The login, or the last refresh.</param>
/// <param name="Current">Whether it is the one that asks.</param>
internal sealed record SessionResponse(
    Guid Id, string? Kind, string? Client, string? Ip, string? UserAgent, DateTimeOffset? CreatedAt, DateTimeOffset? AuthenticatedAt, DateTimeOffset? LastSeenAt, bool Current);

internal static class ListSessions
{
    /// <summary>One's own sessions that go on, the newest first.</summary>
    public static async Task<Results<Ok<Page<SessionResponse>>, ValidationProblem>> HandleAsync(
        AuthDbContext db, CurrentUser user, IOptions<TokensOptions> options, TimeProvider time, CancellationToken cancellationToken,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        var before = Guid.Empty;
        if (!Cursor.TryDecode(cursor, out var position) || (position is not null && !Guid.TryParse(position, out before)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        // One that was not used for so long cannot be refreshed any more, though its row is still there.
        var (subject, since) = (user.Id.ToString(), time.GetUtcNow() - options.Value.RefreshTokenLifetime);
        var sessions = db.Sessions.Where(one => one.Subject == subject && one.Type == OpenIddictConstants.AuthorizationTypes.AdHoc
            && one.Status == OpenIddictConstants.Statuses.Valid && (one.LastSeenAt == null || one.LastSeenAt > since));
        if (position is not null)
        {
            sessions = sessions.Where(one => one.Id < before);
        }

        var rows = await sessions.OrderByDescending(one => one.Id).Take(limit + 1)
            .Select(one => new
            {
                one.Id, one.Kind, Client = one.Application!.DisplayName ?? one.Application.ClientId, one.Ip, one.UserAgent, one.CreationDate, one.AuthenticatedAt, one.LastSeenAt,
            })
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage(
            [.. rows.Select(one => new SessionResponse(
                one.Id, one.Kind is { } kind ? SessionConfiguration.Name(kind) : null, one.Client, one.Ip, one.UserAgent, one.CreationDate, one.AuthenticatedAt, one.LastSeenAt,
                one.Id.ToString() == user.SessionId))],
            limit, one => one.Id.ToString()));
    }
}
