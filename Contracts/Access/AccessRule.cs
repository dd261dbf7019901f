using System.Text.Json.Serialization;

namespace McpPlatform.Contracts.Access;

/// <summary>A grant: a subject may, or may not, use the resources that a pattern matches.</summary>
public sealed record AccessRule
{
    /// <summary>What the rule is called in an explanation.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whom it concerns: a role, a user or a team.</summary>
    public required RuleSubject SubjectType { get; init; }

    /// <summary>The role's or the team's name, or the user's id in the form <c>xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>Whether it gives or takes.</summary>
    public required RuleEffect Effect { get; init; }

    /// <summary>The resources, as <see cref="ResourcePattern"/> reads them: <c>tool:github/*</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>The permissions that it concerns; null for all.</summary>
    public IReadOnlyList<string>? Permissions { get; init; }
}

/// <summary>Whom a rule concerns.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RuleSubject>))]
public enum RuleSubject
{
    /// <summary>All who hold a role. An allow rule narrows what this role gives to what its allow rules match.</summary>
    [JsonStringEnumMemberName("role")]
    Role,

    /// <summary>One user. An allow rule gives what the user's roles do not reach.</summary>
    [JsonStringEnumMemberName("user")]
    User,

    /// <summary>The members of a team, as for one user.</summary>
    [JsonStringEnumMemberName("team")]
    Team,
}

/// <summary>What a rule does. Deny wins over everything.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RuleEffect>))]
public enum RuleEffect
{
    /// <summary>Gives.</summary>
    [JsonStringEnumMemberName("allow")]
    Allow,

    /// <summary>Takes, whatever else gives.</summary>
    [JsonStringEnumMemberName("deny")]
    Deny,
}
