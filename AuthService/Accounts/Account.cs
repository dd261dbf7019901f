using Microsoft.AspNetCore.Identity;

namespace McpPlatform.AuthService.Accounts;

/// <summary>Who can log in. The profile with the same id is UserService's.</summary>
internal sealed class Account : IdentityUser<Guid>
{
    private Account()
    {
    }

    /// <summary>False: the account exists, and nobody gets in.</summary>
    public bool IsActive { get; set; } = true;

    /// <summary>How often in a row the account was locked: each time twice as long.</summary>
    public int LockoutLevel { get; set; }

    /// <summary>UserService's word on what the account may do, copied, so that tokens can say it.</summary>
    public IReadOnlyList<string> Roles { get; private set; } = [];

    /// <summary>The permissions of those roles.</summary>
    public IReadOnlyList<string> Permissions { get; private set; } = [];

    /// <summary>Which of UserService's words this is; an older one is ignored.</summary>
    public long GrantsVersion { get; private set; }

    /// <summary>Whether the account is active is also UserService's word, with a count of its own.</summary>
    public long ActivationVersion { get; private set; }

    /// <summary>Counts up when all access tokens issued until then end; a token carries it as <c>ver</c>.</summary>
    public long AccessVersion { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public static Account Create(Guid id, string username, string? email, IReadOnlyList<string> roles, IReadOnlyList<string> permissions, DateTimeOffset now) => new()
    {
        Id = id,
        UserName = username,
        NormalizedUserName = username,
        Email = email,
        NormalizedEmail = email?.ToLowerInvariant(),
        SecurityStamp = Guid.CreateVersion7().ToString("N"),
        LockoutEnabled = true,
        Roles = roles,
        Permissions = permissions,
        CreatedAt = now,
    };

    /// <summary>Takes UserService's word.</summary>
    /// <returns>Whether something was taken away, so that tokens that still say it must end.</returns>
    public bool ApplyGrants(long version, IReadOnlyList<string> roles, IReadOnlyList<string> permissions)
    {
        if (version <= GrantsVersion)
        {
            return false;
        }

        var lost = Permissions.Except(permissions, StringComparer.Ordinal).Any();
        (GrantsVersion, Roles, Permissions) = (version, roles, permissions);
        return lost;
    }

    /// <summary>Takes UserService's word on whether the account may be used.</summary>
    /// <returns>Whether it was the newest.</returns>
    public bool ApplyActivation(long version, bool isActive)
    {
        if (version <= ActivationVersion)
        {
            return false;
        }

        (ActivationVersion, IsActive) = (version, isActive);
        return true;
    }

    /// <summary>All access tokens issued until now end.</summary>
    public long EndAccess() => ++AccessVersion;
}
