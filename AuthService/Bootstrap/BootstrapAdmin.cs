using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Bootstrap;

/// <summary>Makes the first admin.</summary>
public sealed record BootstrapRequest
{
    /// <summary>The one-time password (<c>BOOTSTRAP_PASSWORD</c>).</summary>
    [MaxLength(1024)]
    public required string Password { get; init; }

    /// <summary>The admin's own password from now on: 12 to 1024 characters.</summary>
    [MaxLength(4096)]
    public required string NewPassword { get; init; }

    /// <summary>The admin's name.</summary>
    [MaxLength(256)]
    public string Username { get; init; } = "admin";

    /// <summary>The admin's address.</summary>
    [EmailAddress, MaxLength(254)]
    public string? Email { get; init; }
}

internal static class BootstrapAdmin
{
    private const string Action = "auth.bootstrap";

    public static async Task<Results<Created<SessionUser>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        BootstrapRequest request, HttpContext context, AuthDbContext db, IOptions<BootstrapOptions> options, PasswordWork passwords, FailedLoginLimit limit,
        ActivityLog activities, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await limit.RetryAfterAsync(context.Connection.RemoteIpAddress) is { } wait)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
            return ProblemExtensions.Problem(StatusCodes.Status429TooManyRequests, "Too many failed attempts from this address: try again in a minute.");
        }

        if (!Usernames.TryCanonicalize(request.Username, out var username))
        {
            return ProblemExtensions.Invalid("username", Usernames.Rule);
        }

        if (PasswordRules.Check(request.NewPassword, username, request.Email) is { } wrong)
        {
            return ProblemExtensions.Invalid("new_password", wrong);
        }

        // Asked twice: before the hash, which takes a core for a fifth of a second and is not to be had by strangers; and under the lock, where the answer holds.
        if (await RefuseAsync(request.Password, context, db, options.Value, limit, activities, time, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var passwordHash = await passwords.HashAsync(request.NewPassword, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('auth.bootstrap', 0))", cancellationToken);
        if (await ClosedAsync(db, options.Value, time, cancellationToken) is { } meanwhile)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, meanwhile);
        }

        var now = time.GetUtcNow();
        var admin = Account.Create(
            Guid.CreateVersion7(now), username, request.Email, [BuiltInRoles.Admin], BuiltInRoles.Permissions[BuiltInRoles.Admin], now);
        admin.PasswordHash = passwordHash;
        db.Users.Add(admin);
        db.AddToOutbox(new UserCreated
        {
            EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = admin.Id, Username = username, Email = admin.Email, Roles = admin.Roles,
        });
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "account", username, newValues: new { admin.Email, admin.Roles }) with { UserId = admin.Id, Username = username });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Created((string?)null, SessionUser.Of(admin));
    }

    private static async Task<ProblemHttpResult?> RefuseAsync(
        string given, HttpContext context, AuthDbContext db, BootstrapOptions options, FailedLoginLimit limit, ActivityLog activities, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await ClosedAsync(db, options, time, cancellationToken) is { } closed)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, closed);
        }

        // Looked up by the hash of a random secret: the time that takes tells nothing of it.
        var hash = BootstrapWindow.Hash(given);
        if (await OpenWindows(db, time).AnyAsync(window => window.SecretHash == hash, cancellationToken))
        {
            return null;
        }

        await limit.CountAsync(context.Connection.RemoteIpAddress);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Denied));
        await db.SaveChangesAsync(CancellationToken.None);
        return ProblemExtensions.Problem(StatusCodes.Status401Unauthorized, "The one-time password is wrong.");
    }

    // Why nobody can become the first admin at the moment; null when somebody can.
    private static async Task<string?> ClosedAsync(AuthDbContext db, BootstrapOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Users.AnyAsync(account => account.Roles.Contains(BuiltInRoles.Admin), cancellationToken))
        {
            return "There is an admin already: ask them for an account.";
        }

        if (await OpenWindows(db, time).AnyAsync(cancellationToken))
        {
            return null;
        }

        return options.Password is { Length: > 0 } || await db.BootstrapWindows.AnyAsync(cancellationToken)
            ? "The one-time password has expired: start the platform again with a new one."
            : "The platform was started without a one-time password: set BOOTSTRAP_PASSWORD and start it again.";
    }

    // Of the secret that the platform was started with, and of those that the console made.
    private static IQueryable<BootstrapWindow> OpenWindows(AuthDbContext db, TimeProvider time)
    {
        var since = time.GetUtcNow() - BootstrapOptions.Lifetime;
        return db.BootstrapWindows.Where(window => window.OpenedAt >= since);
    }
}
