using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Accounts;

/// <summary>One's own password.</summary>
public sealed record ChangePasswordRequest
{
    /// <summary>The password of until now. A wrong one counts as a failed login.</summary>
    [Length(1, 4096, ErrorMessage = "current_password must have 1 to 4096 characters.")]
    public required string CurrentPassword { get; init; }

    /// <summary>12 to 1024 characters of any kind, not a common password, none of the account's or the product's names.</summary>
    [MaxLength(4096)]
    public required string NewPassword { get; init; }
}

internal static class ChangePassword
{
    private const string Action = "auth.change_password";

    /// <summary>The session that asks goes on, with the tokens that it has; all others end.</summary>
    public static async Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> HandleAsync(
        ChangePasswordRequest request, CurrentUser user, AuthDbContext db, Credentials credentials, PasswordWork passwords, EndAccess endAccess,
        ActivityLog activities, RevocationList list, IOptions<TokensOptions> options, CancellationToken cancellationToken)
    {
        var email = await db.Users.Where(one => one.Id == user.Id).Select(one => one.Email).SingleOrDefaultAsync(cancellationToken);
        if (PasswordRules.Check(request.NewPassword, user.Username, email) is { } wrong)
        {
            return ProblemExtensions.Invalid("new_password", wrong);
        }

        if (request.NewPassword == request.CurrentPassword)
        {
            return ProblemExtensions.Invalid("new_password", "The new password must not be the current one.");
        }

        if (await credentials.CheckAgainAsync(user.Id, request.CurrentPassword, Action, cancellationToken) is not { } checkedAccount)
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "current_password is wrong, or the account is locked at the moment.");
        }

        var hash = await passwords.HashAsync(request.NewPassword, cancellationToken);

        // From here on all or nothing, whoever hangs up.
        cancellationToken = CancellationToken.None;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var account = await db.LockAccountAsync(user.Id, cancellationToken);
        if (account is not { IsActive: true } || account.PasswordHash != checkedAccount.PasswordHash)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, "The password was changed by somebody else at this moment: log in again.");
        }

        account.PasswordHash = hash;
        var facts = await endAccess.OfOtherSessionsAsync(account, Guid.Parse(user.SessionId!), "password_changed", cancellationToken);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "account", user.Username));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var fact in facts)
        {
            await ApplyRevocation.ApplyAsync(list, options.Value, fact);
        }

        return TypedResults.NoContent();
    }
}
