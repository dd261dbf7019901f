using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Queries.Engines;

namespace McpPlatform.UserService.Connections;

/// <summary>How to reach a database, and as whom. It belongs to one user, who alone changes it and shares it with roles.</summary>
internal sealed class ConnectionProfile
{
    private readonly List<ConnectionShare> shares = [];

    private ConnectionProfile()
    {
    }

    public Guid Id { get; private set; }

    public Guid OwnerId { get; private set; }

    /// <summary>The owner's name: a part of the name by which rules know the profile.</summary>
    public string OwnerUsername { get; private set; } = string.Empty;

    public string Name { get; private set; } = string.Empty;

    public DatabaseType DatabaseType { get; private set; }

    public string Host { get; private set; } = string.Empty;

    public int Port { get; private set; }

    public string Database { get; private set; } = string.Empty;

    public string Username { get; private set; } = string.Empty;

    public SslMode SslMode { get; private set; }

    public bool ReadOnly { get; private set; }

    /// <summary>Encrypted; bound to this row and its owner.</summary>
    public byte[] ProtectedPassword { get; private set; } = [];

    /// <summary>The name of the key that the password is encrypted under.</summary>
    public string PasswordKey { get; private set; } = string.Empty;

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public IReadOnlyCollection<ConnectionShare> Shares => shares;

    public IReadOnlyList<string> SharedWithRoles => [.. shares.Select(share => share.RoleName).Order(StringComparer.Ordinal)];

    /// <summary>The profile as rules know it.</summary>
    public AccessResource Resource => AccessResource.Connection(OwnerUsername, Name, OwnerId, SharedWithRoles);

    public ConnectionSettings Settings => new(Name, DatabaseType, Host, Port, Database, Username, SslMode, ReadOnly);

    private string Context => $"database_connections|{Id}|{OwnerId}";

    public static ConnectionProfile Create(Guid ownerId, string ownerUsername, ConnectionSettings settings, DateTimeOffset now)
    {
        var profile = new ConnectionProfile { Id = Guid.CreateVersion7(now), OwnerId = ownerId, OwnerUsername = ownerUsername, CreatedAt = now };
        profile.Change(settings, now);
        return profile;
    }

    public void Change(ConnectionSettings settings, DateTimeOffset now)
    {
        (Name, DatabaseType, Host, Port, Database, Username, SslMode, ReadOnly) = settings;
        UpdatedAt = now;
    }

    public void ShareWith(IEnumerable<string> roles)
    {
        var names = roles.ToHashSet(StringComparer.Ordinal);
        shares.RemoveAll(share => !names.Contains(share.RoleName));
        shares.AddRange(names.Except(SharedWithRoles).Select(name => new ConnectionShare { ConnectionId = Id, RoleName = name }));
    }

    public void SetPassword(SecretProtector protector, string password)
    {
        ProtectedPassword = protector.Protect(System.Text.Encoding.UTF8.GetBytes(password), Context);
        PasswordKey = protector.ActiveKey;
    }

    /// <summary>Encrypts the password anew, under the key that is active now.</summary>
    /// <exception cref="SecretUnreadableException">The password cannot be decrypted.</exception>
    public void Rewrap(SecretProtector protector) => SetPassword(protector, Password(protector));

    /// <summary>All that is needed to connect.</summary>
    /// <exception cref="SecretUnreadableException">The password cannot be decrypted.</exception>
    public ConnectionTarget ToTarget(SecretProtector protector) => Settings.ToTarget(Password(protector));

    private string Password(SecretProtector protector) => System.Text.Encoding.UTF8.GetString(protector.Unprotect(ProtectedPassword, Context));
}

/// <summary>What the owner says about the database, without the password.</summary>
internal sealed record ConnectionSettings(
    string Name, DatabaseType DatabaseType, string Host, int Port, string Database, string Username, SslMode SslMode, bool ReadOnly)
{
    /// <summary>Whether a password for the one is a password for the other: the same server, asked as the same user.</summary>
    public bool IsSameLogin(ConnectionSettings other) =>
        (DatabaseType, Host, Port, Username) == (other.DatabaseType, other.Host, other.Port, other.Username);

    public ConnectionTarget ToTarget(string password) => new(DatabaseType, Host, Port, Database, Username, password, SslMode);
}

/// <summary>A role that may use a profile. It ends with the role: another role that is later given the same name does not inherit it.</summary>
internal sealed class ConnectionShare
{
    public required Guid ConnectionId { get; init; }

    public required string RoleName { get; init; }
}
