using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.External;

/// <summary>Where else one can log in.</summary>
internal sealed record ExternalLoginResponse(string Provider, string DisplayName, string Issuer, string Subject);

/// <summary>The providers that one's account is linked with.</summary>
internal static class ListExternalLogins
{
    public static async Task<Ok<List<ExternalLoginResponse>>> HandleAsync(
        CurrentUser user, AuthDbContext db, IOptions<ExternalLoginsOptions> options, CancellationToken cancellationToken)
    {
        var logins = await db.UserLogins.AsNoTracking().Where(login => login.UserId == user.Id).OrderBy(login => login.ProviderDisplayName).ToListAsync(cancellationToken);
        return TypedResults.Ok(logins.ConvertAll(login => new ExternalLoginResponse(
            login.ProviderDisplayName!, options.Value.DisplayNameOf(login.ProviderDisplayName!), login.LoginProvider, login.ProviderKey)));
    }
}

/// <summary>Undoes a link. The last way into an account without a password stays.</summary>
internal static class RemoveExternalLogin
{
    public static async Task<Results<NoContent, NotFound, ProblemHttpResult>> HandleAsync(
        string provider, CurrentUser user, AuthDbContext db, ActivityLog activities, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);

        // One at a time for an account: else two requests could each leave the other's link as the last.
        var account = await db.Users.FromSql($"SELECT * FROM auth.users WHERE id = {user.Id} FOR UPDATE").AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        var all = await db.UserLogins.Where(login => login.UserId == user.Id).ToListAsync(cancellationToken);
        var removed = all.FindAll(login => login.ProviderDisplayName == provider);
        if (account is null || removed.Count == 0)
        {
            return TypedResults.NotFound();
        }

        if (account.PasswordHash is null && removed.Count == all.Count)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, "This is the only way to log in to the account: have a password set first.");
        }

        db.UserLogins.RemoveRange(removed);
        db.AddToOutbox(activities.Create(
            "auth.external.unlink", ActivityOutcomes.Succeeded, "account", user.Username,
            oldValues: removed.Select(login => new { provider = login.ProviderDisplayName, issuer = login.LoginProvider, subject = login.ProviderKey })));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
