using System.Text.Json.Serialization;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.UserService.Queries.Engines;

namespace McpPlatform.UserService.Connections;

/// <summary>A profile. The password is in no answer; the user name and the roles that share it only its owner sees.</summary>
internal sealed record ConnectionResponse(
    Guid Id, string Name, string Owner, bool IsOwner, DatabaseType DatabaseType, string Host, int Port, string Database, SslMode SslMode, bool ReadOnly,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    /// <summary>As whom the platform logs in; not there for those it is shared with.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Username { get; init; }

    /// <summary>The roles it is shared with; not there for those it is shared with.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? SharedWithRoles { get; init; }

    public static ConnectionResponse For(CurrentUser caller, ConnectionProfile profile)
    {
        var isOwner = profile.OwnerId == caller.Id;
        return new(
            profile.Id, profile.Name, profile.OwnerUsername, isOwner, profile.DatabaseType, profile.Host, profile.Port, profile.Database, profile.SslMode,
            profile.ReadOnly, profile.CreatedAt, profile.UpdatedAt)
        {
            Username = isOwner ? profile.Username : null,
            SharedWithRoles = isOwner ? profile.SharedWithRoles : null,
        };
    }
}

/// <summary>A profile in the audit trail: whatever may be known of it, and whether its password was changed.</summary>
internal sealed record ConnectionValues(
    string Name, DatabaseType DatabaseType, string Host, int Port, string Database, string Username, SslMode SslMode, bool ReadOnly, IReadOnlyList<string> SharedWithRoles)
{
    public const string Target = "database_connection";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool PasswordChanged { get; init; }

    public static ConnectionValues Of(ConnectionProfile profile) => new(
        profile.Name, profile.DatabaseType, profile.Host, profile.Port, profile.Database, profile.Username, profile.SslMode, profile.ReadOnly, profile.SharedWithRoles);
}
