using McpPlatform.AuthService.Data;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Sessions;

/// <summary>Who one is, and what one may do with the next token.</summary>
internal static class GetMe
{
    public static async Task<Results<Ok<SessionUser>, NotFound>> HandleAsync(CurrentUser user, AuthDbContext db, CancellationToken cancellationToken) =>
        await db.Users.AsNoTracking().SingleOrDefaultAsync(account => account.Id == user.Id, cancellationToken) is { } account
            ? TypedResults.Ok(SessionUser.Of(account))
            : TypedResults.NotFound();
}
