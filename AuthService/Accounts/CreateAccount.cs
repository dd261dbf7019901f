using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.AuthService.Accounts;

/// <summary>A new account.</summary>
public sealed record CreateAccountRequest
{
    /// <summary>Chosen by the caller, so that a repetition is recognised.</summary>
    public required Guid Id { get; init; }

    /// <summary>The name to log in with; stored in its canonical form.</summary>
    [Length(1, 256)]
    public required string Username { get; init; }

    /// <summary>The address, when there is one.</summary>
    [EmailAddress, MaxLength(254)]
    public string? Email { get; init; }

    /// <summary>12 to 1024 characters.</summary>
    [MaxLength(4096)]
    public required string Password { get; init; }

    /// <summary>The roles that the account starts with.</summary>
    [MaxLength(64)]
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>The permissions of those roles.</summary>
    [MaxLength(256)]
    public required IReadOnlyList<string> Permissions { get; init; }
}

internal sealed record AccountResponse(Guid Id, string Username, string? Email, IReadOnlyList<string> Roles, IReadOnlyList<string> Permissions)
{
    public static AccountResponse Of(Account account) => new(account.Id, account.UserName!, account.Email, account.Roles, account.Permissions);
}

internal static class CreateAccount
{
    public static async Task<Results<Created<AccountResponse>, Ok<AccountResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        CreateAccountRequest request, AuthDbContext db, PasswordWork passwords, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Usernames.TryCanonicalize(request.Username, out var username))
        {
            return ProblemExtensions.Invalid("username", Usernames.Rule);
        }

        if (PasswordRules.Check(request.Password, username, request.Email) is { } wrong)
        {
            return ProblemExtensions.Invalid("password", wrong);
        }

        // UserService asks again when it did not hear the answer: the id says that it is the same wish.
        if (await db.Users.AsNoTracking().SingleOrDefaultAsync(account => account.Id == request.Id, cancellationToken) is { } existing)
        {
            return existing.UserName == username ? TypedResults.Ok(AccountResponse.Of(existing)) : Taken(request.Id.ToString());
        }

        if (await db.Users.AnyAsync(account => account.NormalizedUserName == username, cancellationToken))
        {
            return Taken(username);
        }

        var now = time.GetUtcNow();
        var account = Account.Create(request.Id, username, request.Email, request.Roles, request.Permissions, now);
        account.PasswordHash = await passwords.HashAsync(request.Password, cancellationToken);
        db.Users.Add(account);
        db.AddToOutbox(new UserCreated
        {
            EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = account.Id, Username = username, Email = account.Email, Roles = account.Roles,
        });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Taken(username);
        }

        return TypedResults.Created((string?)null, AccountResponse.Of(account));
    }

    private static ProblemHttpResult Taken(string name) =>
        ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"The username '{name}' is taken: choose another one.");
}
