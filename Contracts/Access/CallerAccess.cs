namespace McpPlatform.Contracts.Access;

/// <summary>What one caller may do under one policy. A list shows exactly what <see cref="Decide"/> allows.</summary>
public sealed class CallerAccess
{
    private readonly CompiledPolicy policy;
    private readonly Caller caller;
    private readonly List<(string Role, CompiledRule[] Rules)> roles;
    private readonly List<CompiledRule> personal;
    private readonly List<ResourcePattern> limits = [];

    internal CallerAccess(CompiledPolicy policy, Caller caller)
    {
        this.policy = policy;
        this.caller = caller;
        roles = [.. caller.Roles.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(role => (role, policy.RulesOf(RuleSubject.Role, role).ToArray()))];
        personal =
        [
            .. policy.RulesOf(RuleSubject.User, caller.UserId.ToString()),
            .. caller.Teams.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).SelectMany(team => policy.RulesOf(RuleSubject.Team, team)),
        ];
        foreach (var limit in caller.Limits)
        {
            if (ResourcePattern.TryParse(limit, out var pattern))
            {
                limits.Add(pattern);
            }
        }
    }

    /// <summary>
    /// Decides, in this order: the permission; the token's limits; deny rules; ownership; allow rules of the user and the teams; the roles that give the
    /// permission, each narrowed by its own allow rules. What a rule says of a server holds for its tools.
    /// </summary>
    /// <param name="permission">One of <see cref="Identity.Permissions"/>.</param>
    /// <param name="resource">For what; null for a permission that concerns no resource.</param>
    /// <returns>The decision and its reason.</returns>
    public AccessDecision Decide(string permission, AccessResource? resource = null)
    {
        if (!caller.Permissions.Contains(permission))
        {
            return new(false, DecisionReason.PermissionNotHeld, $"The permission {permission} is not held: no role gives it, or the token was narrowed.");
        }

        if (resource is null)
        {
            return new(true, DecisionReason.AllowedByPermission, $"The permission {permission} is held.") { Role = RoleThatGives(permission) };
        }

        return Refused(permission, resource) ?? AllowedInPerson(permission, resource) ?? AllowedByRole(permission, resource)
            ?? new(false, DecisionReason.NothingAllows, $"No role, rule or owner allows {permission} on {resource}.");
    }

    private AccessDecision? Refused(string permission, AccessResource resource)
    {
        // A limit that cannot be read allows nothing, but is still a limit.
        if (caller.Limits.Count > 0 && !limits.Exists(limit => limit.Covers(resource) || limit.ReachesInto(resource)))
        {
            return new(false, DecisionReason.OutsideTokenLimits, $"The token is limited to other resources than {resource}.");
        }

        var deny = roles.SelectMany(role => role.Rules).Concat(personal).FirstOrDefault(rule => !rule.Allows && rule.Covers(resource, permission));
        return deny is null
            ? null
            : new(false, DecisionReason.DeniedByRule, $"The {Name(deny.Rule)} denies {deny.Rule.Resource}.") { Rule = deny.Rule };
    }

    private AccessDecision? AllowedInPerson(string permission, AccessResource resource)
    {
        if (resource.OwnerId == caller.UserId)
        {
            return new(true, DecisionReason.Owner, $"The caller owns {resource}.");
        }

        if (OwnersOf(resource).FirstOrDefault(caller.Teams.Contains) is { } team)
        {
            return new(true, DecisionReason.Owner, $"The team {team} owns {resource}.") { Team = team };
        }

        var allow = personal.FirstOrDefault(rule => rule.Allows && (rule.Covers(resource, permission) || rule.ReachesInto(resource, permission)));
        return allow is null ? null : ByRule(allow.Rule);
    }

    private AccessDecision? AllowedByRole(string permission, AccessResource resource)
    {
        var isOwned = resource.OwnerId is not null || OwnersOf(resource).Any();
        foreach (var (role, rules) in roles)
        {
            if (resource.SharedWithRoles.Contains(role, StringComparer.Ordinal))
            {
                return new(true, DecisionReason.SharedWithRole, $"{resource} is shared with the role {role}.") { Role = role };
            }

            if (!policy.Gives(role, permission))
            {
                continue;
            }

            var own = ListOf(rules, permission, resource, resource.Kind);
            var server = resource.Kind == ResourceKind.Tool
                ? ListOf(rules, permission, AccessResource.Server(resource.ServerName), ResourceKind.Server)
                : (Exists: false, Match: null);
            if ((own.Exists && own.Match is null) || (server.Exists && server.Match is null))
            {
                continue;
            }

            if ((own.Match ?? server.Match) is { } match)
            {
                return ByRule(match) with { Role = role };
            }

            if (isOwned)
            {
                // A rule that gives a tool gives its server, too, or the tool could be used and not be found.
                if (rules.FirstOrDefault(rule => rule.Allows && rule.ReachesInto(resource, permission)) is { } inside)
                {
                    return ByRule(inside.Rule) with { Role = role };
                }
            }
            else
            {
                return new(true, DecisionReason.AllowedByRole, $"The role {role} gives {permission}, and no rule narrows it here.") { Role = role };
            }
        }

        return null;
    }

    private static (bool Exists, AccessRule? Match) ListOf(CompiledRule[] rules, string permission, AccessResource resource, ResourceKind kind)
    {
        var exists = false;
        foreach (var rule in rules)
        {
            if (!rule.Lists(kind, permission))
            {
                continue;
            }

            exists = true;
            if (rule.Names(resource, permission))
            {
                return (true, rule.Rule);
            }
        }

        return (exists, null);
    }

    // A tool belongs to whom its server belongs.
    private IEnumerable<string> OwnersOf(AccessResource resource) =>
        policy.OwnersOf((resource.Kind == ResourceKind.Tool ? AccessResource.Server(resource.ServerName) : resource).ToString());

    private string? RoleThatGives(string permission) => roles.Select(role => role.Role).FirstOrDefault(role => policy.Gives(role, permission));

    private static AccessDecision ByRule(AccessRule rule) =>
        new(true, DecisionReason.AllowedByRule, $"The {Name(rule)} allows {rule.Resource}.") { Rule = rule };

    private static string Name(AccessRule rule) => $"rule {rule.Id} of the {rule.SubjectType.ToString().ToLowerInvariant()} {rule.Subject}";
}
