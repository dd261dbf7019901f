using McpPlatform.Contracts.Messages;
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

    /// <summary>The teams that the account's user is a member of.</summary>
    public IReadOnlyList<string> Teams { get; private set; } = [];

    /// <summary>Which of UserService's words this is; an older one is ignored.</summary>
    public long GrantsVersion { get; private set; }

    /// <summary>Whether the account is active is also UserService's word, with a count of its own.</summary>
    public long ActivationVersion { get; private set; }

    /// <summary>And so is the address.</summary>
    public long EmailVersion { get; private set; }

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
    /// <returns>Whether something was taken away, so that tokens that do not say so yet must end.</returns>
    public bool ApplyGrants(GrantsChanged fact)
    {
        if (fact.Version <= GrantsVersion)
        {
            return false;
        }

        // A role or a team is more than its permissions: resources are shared with it, and rules deny it some.
        var teams = fact.Teams ?? [];
        var lost = Misses(Permissions, fact.Permissions) || Misses(Roles, fact.Roles) || Misses(Teams, teams)
            || (fact.Restricts && (Misses(fact.Roles, Roles) || Misses(teams, Teams)));
        (GrantsVersion, Roles, Permissions, Teams) = (fact.Version, fact.Roles, fact.Permissions, teams);
        return lost;
    }

    /// <summary>Takes UserService's word on the address.</summary>
    public void ApplyEmail(long version, string? email)
    {
        if (version > EmailVersion)
        {
            (EmailVersion, Email, NormalizedEmail) = (version, email, email?.ToLowerInvariant());
        }
    }

    /// <summary>Nothing personal remains, and nobody can ever log in again; the id does, because the audit trail names it.</summary>
    public void Anonymise(string username)
    {
        (UserName, NormalizedUserName, Email, NormalizedEmail, PasswordHash) = (username, username, null, null, null);
        (IsActive, Roles, Permissions, Teams) = (false, [], [], []);
        (GrantsVersion, ActivationVersion, EmailVersion) = (long.MaxValue, long.MaxValue, long.MaxValue);
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

    private static bool Misses(IEnumerable<string> some, IEnumerable<string> others) => some.Except(others, StringComparer.Ordinal).Any();
}
