using System.Security.Cryptography;
using McpPlatform.AuthService.Bootstrap;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Admin;

/// <summary>A one-time password for the first admin, when the one that the platform was started with has expired or was never set.</summary>
internal sealed class NewBootstrapSecret(AuthDbContext db, ActivityLog activities, TimeProvider time)
{
    public async Task<string> CreateAsync(CancellationToken cancellationToken)
    {
        if (await db.Users.AnyAsync(account => account.Roles.Contains(BuiltInRoles.Admin), cancellationToken))
        {
            throw new AdminException("There is an admin already: 'admin reset-password' helps who has lost the password.");
        }

        var secret = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 32);
        db.Add(new BootstrapWindow { SecretHash = BootstrapWindow.Hash(secret), OpenedAt = time.GetUtcNow() });
        db.AddToOutbox(activities.Create("auth.bootstrap_secret", ActivityOutcomes.Succeeded) with { Username = "console" });
        await db.SaveChangesAsync(cancellationToken);
        return $"The one-time password for the first admin is {secret}: POST it with a new password to /api/auth/bootstrap within {BootstrapOptions.Lifetime.TotalMinutes:0} minutes.";
    }
}
