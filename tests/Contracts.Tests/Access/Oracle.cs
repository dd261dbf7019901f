using System.Text.RegularExpressions;
using McpPlatform.Contracts.Access;

namespace McpPlatform.Contracts.Tests.Access;

/// <summary>The rules of access written down a second time, as sentences over sets and without any thought of speed, to hold the engine against.</summary>
internal static class Oracle
{
    public static bool Allows(AccessPolicy policy, Caller caller, string permission, AccessResource resource)
    {
        bool Concerns(AccessRule rule) => rule.Permissions is null || rule.Permissions.Contains(permission);
        bool IsOf(AccessRule rule, RuleSubject type, IEnumerable<string> names) => rule.SubjectType == type && names.Contains(rule.Subject);
        var personal = policy.Rules.Where(rule => Concerns(rule) && (IsOf(rule, RuleSubject.User, [caller.UserId.ToString()]) || IsOf(rule, RuleSubject.Team, caller.Teams))).ToList();
        var ofRoles = policy.Rules.Where(rule => Concerns(rule) && IsOf(rule, RuleSubject.Role, caller.Roles)).ToList();
        var isDenied = personal.Concat(ofRoles).Any(rule => rule.Effect == RuleEffect.Deny && (!IsPattern(rule.Resource) || Covers(rule.Resource, resource)));
        if (!caller.Permissions.Contains(permission) || isDenied || (caller.Limits.Count > 0 && !caller.Limits.Any(limit => Covers(limit, resource) || ReachesInto(limit, resource))))
        {
            return false;
        }

        var owned = resource.Kind == ResourceKind.Tool ? ServerOf(resource) : resource;
        var owners = policy.Owners.Where(owner => owner.Resource == owned.ToString()).Select(owner => owner.Team).ToList();
        return resource.OwnerId == caller.UserId
            || owners.Intersect(caller.Teams).Any()
            || personal.Any(rule => rule.Effect == RuleEffect.Allow && (Covers(rule.Resource, resource) || ReachesInto(rule.Resource, resource)))
            || caller.Roles.Any(role => resource.SharedWithRoles.Contains(role) || GivenBy(role, isOwned: owners.Count > 0 || resource.OwnerId is not null));

        bool GivenBy(string role, bool isOwned)
        {
            var allowed = ofRoles.Where(rule => rule.Subject == role && rule.Effect == RuleEffect.Allow && IsPattern(rule.Resource)).Select(rule => rule.Resource).ToList();
            var own = allowed.Where(pattern => KindOf(pattern) == resource.Kind).ToList();
            var ofServers = allowed.Where(pattern => resource.Kind == ResourceKind.Tool && KindOf(pattern) == ResourceKind.Server).ToList();
            var isNamed = own.Any(pattern => Names(pattern, resource)) || ofServers.Any(pattern => Names(pattern, ServerOf(resource)));
            return policy.Roles.Any(known => known.Name == role && known.Permissions.Contains(permission))
                && (own.Count == 0 || own.Any(pattern => Names(pattern, resource)))
                && (ofServers.Count == 0 || ofServers.Any(pattern => Names(pattern, ServerOf(resource))))
                && (!isOwned || isNamed || allowed.Any(pattern => ReachesInto(pattern, resource)));
        }
    }

    /// <summary>Whether the pattern names the resource itself.</summary>
    public static bool Names(string pattern, AccessResource resource)
    {
        if (!IsPattern(pattern) || KindOf(pattern) != resource.Kind)
        {
            return false;
        }

        var glob = Glob(pattern);
        var isOfServer = resource.Kind != ResourceKind.Tool || !glob.Contains('/', StringComparison.Ordinal) || Like(glob.Split('/')[0], ServerOf(resource).Name);
        return isOfServer && Like(glob, resource.Name);
    }

    public static bool Covers(string pattern, AccessResource resource) =>
        Names(pattern, resource) || (resource.Kind == ResourceKind.Tool && Names(pattern, ServerOf(resource)));

    /// <summary>Whether a pattern of tools can name a tool of the server.</summary>
    public static bool ReachesInto(string pattern, AccessResource server) =>
        server.Kind == ResourceKind.Server && IsPattern(pattern) && KindOf(pattern) == ResourceKind.Tool
        && (Glob(pattern).Split('/') is [var part, _, ..] ? Like(part, server.Name) : $"{server.Name}/".StartsWith(Glob(pattern).Split('*')[0], StringComparison.Ordinal) && Glob(pattern).Contains('*', StringComparison.Ordinal));

    public static bool IsPattern(string text) =>
        text.Split(':', 2) is [("server" or "tool" or "bundle" or "connection"), { Length: > 0 } name] && !name.Any(char.IsControl);

    private static AccessResource ServerOf(AccessResource tool) => AccessResource.Server(tool.Name.Split('/')[0]);

    private static ResourceKind KindOf(string pattern) => Enum.Parse<ResourceKind>(pattern.Split(':')[0], ignoreCase: true);

    private static string Glob(string pattern) => pattern.Split(':', 2)[1];

    private static bool Like(string glob, string name) =>
        Regex.IsMatch(name, $"\\A{Regex.Escape(glob).Replace("\\*", ".*", StringComparison.Ordinal)}\\z", RegexOptions.Singleline, TimeSpan.FromSeconds(1));
}
