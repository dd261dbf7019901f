using McpPlatform.Contracts.Access;

namespace McpPlatform.UserService.Access.Rules;

/// <summary>An <see cref="AccessRule"/> as a row. Never changed: what is different is another rule, with an id of its own.</summary>
internal sealed class Grant
{
    public required Guid Id { get; init; }

    public required RuleSubject SubjectType { get; init; }

    public required string Subject { get; init; }

    public required RuleEffect Effect { get; init; }

    public required string Resource { get; init; }

    /// <summary>In order, each once; null for all.</summary>
    public string[]? Permissions { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public AccessRule ToRule() => new() { Id = Id, SubjectType = SubjectType, Subject = Subject, Effect = Effect, Resource = Resource, Permissions = Permissions };
}
