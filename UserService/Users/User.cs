using McpPlatform.Contracts.Identity;

namespace McpPlatform.UserService.Users;

/// <summary>A person's profile. Name and password belong to the account in AuthService, which has the same id.</summary>
internal sealed class User
{
    private readonly List<UserRole> roles = [];

    private User()
    {
    }

    public Guid Id { get; private set; }

    /// <summary>As AuthService made it canonical; unique there, and so here.</summary>
    public string Username { get; private set; } = string.Empty;

    public string? Email { get; private set; }

    /// <summary>Holds the role <c>admin</c>: kept in step by <see cref="SetRoles"/>, so that lists need no join.</summary>
    public bool IsAdmin { get; private set; }

    public bool IsActive { get; private set; } = true;

    public DateTimeOffset? LastLogin { get; private set; }

    /// <summary>What the user's own clients keep here: a JSON object.</summary>
    public string Preferences { get; private set; } = "{}";

    /// <summary>Counts the changes of what the user may do, for the copies that others keep.</summary>
    public long GrantsVersion { get; private set; }

    /// <summary>Counts the changes of the address, likewise.</summary>
    public long EmailVersion { get; private set; }

    /// <summary>When the user was deleted; nothing is lost until <see cref="AnonymisedAt"/>.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>Since when nothing personal is left; final.</summary>
    public DateTimeOffset? AnonymisedAt { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public uint Version { get; private set; }

    public IReadOnlyCollection<UserRole> Roles => roles;

    public IReadOnlyList<string> RoleNames => [.. roles.Select(role => role.RoleName).Order(StringComparer.Ordinal)];

    public static User Create(Guid id, string username, string? email, IEnumerable<string> roleNames, DateTimeOffset now)
    {
        var user = new User { Id = id, Username = username, Email = email, CreatedAt = now, UpdatedAt = now };
        user.AssignRoles(roleNames);
        return user;
    }

    /// <summary>Gives the user these roles and no others.</summary>
    public void SetRoles(IEnumerable<string> names, DateTimeOffset now)
    {
        AssignRoles(names);
        TouchGrants(now);
    }

    public void SetActive(bool active, DateTimeOffset now)
    {
        IsActive = active;
        TouchGrants(now);
    }

    public void SetEmail(string? email, DateTimeOffset now)
    {
        (Email, UpdatedAt) = (email, now);
        EmailVersion++;
    }

    public void SetDeleted(bool deleted, DateTimeOffset now) => (DeletedAt, UpdatedAt) = (deleted ? now : null, now);

    /// <summary>Takes everything personal away. The id stays, because the audit trail names it.</summary>
    public void Anonymise(DateTimeOffset now)
    {
        // No username that anybody can choose holds a colon.
        (Username, Preferences, LastLogin, AnonymisedAt) = ($"deleted:{Id:N}", "{}", null, now);
        SetEmail(null, now);
        SetRoles([], now);
    }

    public void SetPreferences(string json, DateTimeOffset now) => (Preferences, UpdatedAt) = (json, now);

    /// <summary>What the user's roles give has changed, though the roles are the same.</summary>
    public void TouchGrants(DateTimeOffset now)
    {
        GrantsVersion++;
        UpdatedAt = now;
    }

    private void AssignRoles(IEnumerable<string> wanted)
    {
        var names = wanted.ToHashSet(StringComparer.Ordinal);
        roles.RemoveAll(role => !names.Contains(role.RoleName));
        roles.AddRange(names.Except(RoleNames).Select(name => new UserRole { UserId = Id, RoleName = name }));
        IsAdmin = names.Contains(BuiltInRoles.Admin);
    }
}

internal sealed class UserRole
{
    public required Guid UserId { get; init; }

    public required string RoleName { get; init; }
}
