using System.Text.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.UserService.Users;

/// <summary>
/// A user whose account is being asked for: written before, gone when the profile is there. Whatever happens to this process in between, the account's own
/// event finds what was wanted, and who wanted it.
/// </summary>
internal sealed class UnfinishedUser
{
    public required Guid Id { get; init; }

    public string? Email { get; init; }

    public required string[] Roles { get; init; }

    public required bool IsActive { get; init; }

    /// <summary>The audit record of the request, an <see cref="ActivityRecorded"/>, still without values.</summary>
    public required string Activity { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class UnfinishedUserConfiguration : IEntityTypeConfiguration<UnfinishedUser>
{
    public void Configure(EntityTypeBuilder<UnfinishedUser> builder)
    {
        builder.ToTable("unfinished_users");
        builder.Property(user => user.Id).ValueGeneratedNever();
        builder.Property(user => user.Email).HasMaxLength(UserConfiguration.MaxEmailLength);
        builder.Property(user => user.Roles).HasColumnType("text[]");
        builder.Property(user => user.Activity).HasColumnType("jsonb");
    }
}

internal static class FinishUser
{
    /// <summary>
    /// Makes the profile of an account that was asked for, with its audit record; whoever comes second finds it made. In the caller's transaction, under the
    /// lock of the new user; call SaveChanges after it.
    /// </summary>
    /// <returns>The user; null when nobody here asked for the account.</returns>
    public static async Task<User?> FinishUserAsync(this UsersDbContext db, Guid id, string username, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var user = await db.LockUserAsync(id, cancellationToken);
        if (await db.UnfinishedUsers.SingleOrDefaultAsync(one => one.Id == id, cancellationToken) is not { } wanted)
        {
            return user;
        }

        if (user is null)
        {
            // A role may have been deleted meanwhile.
            var grants = await RoleGrants.LoadAsync(db, wanted.Roles, cancellationToken);
            user = User.Create(id, username, wanted.Email, grants.Roles, now);
            db.Add(user);
            if (!wanted.IsActive)
            {
                db.SetActive(user, active: false, grants, now);
            }
            else if (grants.Roles.Count < wanted.Roles.Length)
            {
                user.TouchGrants(now);
                db.AddToOutbox(grants.ToFact(user, now));
            }
        }

        var values = new { user.Username, user.Email, user.IsAdmin, user.IsActive, Roles = user.RoleNames };
        db.AddToOutbox(JsonSerializer.Deserialize<ActivityRecorded>(wanted.Activity)! with
        {
            Outcome = ActivityOutcomes.Succeeded,
            NewValues = JsonSerializer.SerializeToElement(values, ServiceDefaults.Http.HttpExtensions.Json),
        });
        db.Remove(wanted);
        return user;
    }
}
