namespace McpPlatform.Contracts.Access;

/// <summary>
/// The one place that decides who may use what. An <see cref="AccessPolicy"/> made quick to ask: build it once for each version, ask it from any thread.
/// </summary>
public sealed class CompiledPolicy
{
    private readonly Dictionary<string, IReadOnlySet<string>> roles;
    private readonly ILookup<(RuleSubject, string), CompiledRule> rules;
    private readonly ILookup<string, string> owners;

    /// <summary>Reads a policy. A rule whose pattern cannot be read matches nothing when it allows, and everything when it denies.</summary>
    /// <param name="policy">The policy.</param>
    public CompiledPolicy(AccessPolicy policy)
    {
        Version = policy.Version;
        roles = policy.Roles.GroupBy(role => role.Name, StringComparer.Ordinal).ToDictionary(
            group => group.Key, IReadOnlySet<string> (group) => group.SelectMany(role => role.Permissions).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

        // By id, so that the same rule is named whatever order they came in.
        rules = policy.Rules.OrderBy(rule => rule.Id).ToLookup(rule => (rule.SubjectType, rule.Subject), rule => new CompiledRule(rule));
        owners = policy.Owners.OrderBy(owner => owner.Team, StringComparer.Ordinal).ToLookup(owner => owner.Resource, owner => owner.Team, StringComparer.Ordinal);
    }

    /// <summary>The policy's version.</summary>
    public long Version { get; }

    /// <summary>What one caller may do. Ask it for each item of a list: the caller's rules are looked up once.</summary>
    /// <param name="caller">The caller.</param>
    /// <returns>The caller's access under this policy.</returns>
    public CallerAccess For(Caller caller) => new(this, caller);

    /// <summary>One decision.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="permission">One of <see cref="Identity.Permissions"/>.</param>
    /// <param name="resource">For what; null for a permission that concerns no resource.</param>
    /// <returns>The decision and its reason.</returns>
    public AccessDecision Decide(Caller caller, string permission, AccessResource? resource = null) => For(caller).Decide(permission, resource);

    internal bool Gives(string role, string permission) => roles.TryGetValue(role, out var permissions) && permissions.Contains(permission);

    internal IEnumerable<CompiledRule> RulesOf(RuleSubject type, string subject) => rules[(type, subject)];

    internal IEnumerable<string> OwnersOf(string resource) => owners[resource];
}

/// <summary>A rule with its pattern read.</summary>
internal sealed class CompiledRule(AccessRule rule)
{
    private readonly ResourcePattern? pattern = ResourcePattern.TryParse(rule.Resource, out var read) ? read : null;

    public AccessRule Rule => rule;

    public bool Allows => rule.Effect == RuleEffect.Allow;

    /// <summary>Whether an allow rule makes a list of what a role gives of this kind.</summary>
    public bool Lists(ResourceKind kind, string permission) => Allows && pattern?.Kind == kind && Concerns(permission);

    public bool Names(AccessResource resource, string permission) => pattern?.Matches(resource) == true && Concerns(permission);

    public bool Covers(AccessResource resource, string permission) => Concerns(permission) && (pattern?.Covers(resource) ?? !Allows);

    public bool ReachesInto(AccessResource resource, string permission) => Concerns(permission) && pattern?.ReachesInto(resource) == true;

    private bool Concerns(string permission) => rule.Permissions is null || rule.Permissions.Contains(permission, StringComparer.Ordinal);
}
