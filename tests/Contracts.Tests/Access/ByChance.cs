using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.Contracts.Tests.Access;

/// <summary>Policies, callers and resources by chance, small enough that rules often meet. The same seed gives the same ones.</summary>
internal sealed class ByChance(int seed)
{
    public static readonly string[] Permissions = [Identity.Permissions.McpServersRead, Identity.Permissions.McpToolsCall, Identity.Permissions.McpServersManage, Identity.Permissions.DbQuery];
    public static readonly string[] Servers = ["git", "github", "gitlab", "db-prod", "a"];
    public static readonly string[] Tools = ["read", "delete", "bulk-delete", "a", "a/b", "hub/read"];
    private static readonly string[] Roles = ["r1", "r2", "r3", "r4"], Teams = ["t1", "t2", "t3"], Usernames = ["u0", "u1", "u2"], Profiles = ["main", "prod"];
    private static readonly Guid[] Users = [.. Usernames.Select((_, index) => new Guid(index + 1, 0, 0, new byte[8]))];
#pragma warning disable CA5394 // Chance for tests, not for secrets.
    private readonly Random random = new(seed);

    public static IReadOnlyList<AccessResource> Resources { get; } =
    [
        .. Servers.Select(AccessResource.Server),
        .. Servers.SelectMany(_ => Tools, AccessResource.Tool),
        AccessResource.Bundle("a"), AccessResource.Bundle("git"),
        .. Usernames.SelectMany((_, owner) => Profiles.Select(profile => AccessResource.Connection(Usernames[owner], profile, Users[owner], profile == "main" ? ["r2"] : []))),
    ];

    public AccessPolicy Policy() => new()
    {
        Version = random.Next(1, 1000),
        Roles = [.. Roles.Select(role => new PolicyRole(role, Some(Permissions)))],
        Rules = [.. Enumerable.Range(0, random.Next(0, 9)).Select(_ => Rule())],
        Owners = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => new ResourceOwner(One(Resources).ToString(), One(Teams)))],
    };

    public AccessRule Rule()
    {
        var type = One(Enum.GetValues<RuleSubject>());
        return new()
        {
            Id = Id(),
            SubjectType = type,
            Subject = type switch { RuleSubject.Role => One(Roles), RuleSubject.Team => One(Teams), _ => One(Users).ToString() },
            Effect = random.Next(3) == 0 ? RuleEffect.Deny : RuleEffect.Allow,
            Resource = Pattern(),
            Permissions = random.Next(3) == 0 ? Some(Permissions) : null,
        };
    }

    public Caller Caller(AccessPolicy policy)
    {
        var user = random.Next(Users.Length);
        var roles = Some(Roles);
        var given = policy.Roles.Where(role => roles.Contains(role.Name)).SelectMany(role => role.Permissions);
        return new()
        {
            UserId = Users[user],
            Roles = roles,
            Teams = Some(Teams),

            // Mostly what the roles give; a narrowed token has less, and a token from before a change more.
            Permissions = (random.Next(4) == 0 ? Some(Permissions) : given).ToHashSet(StringComparer.Ordinal),
            Limits = random.Next(4) == 0 ? [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Pattern())] : [],
        };
    }

    /// <summary>One resource, or a pattern that is like one: a part of it is a star.</summary>
    public string Pattern()
    {
        if (random.Next(25) == 0)
        {
            return One(["", "server", "tool:", "planet:mars", "*", "server:\u0001"]);
        }

        var text = One(Resources).ToString();
        for (var stars = random.Next(3); stars > 0; stars--)
        {
            var from = random.Next(text.IndexOf(':', StringComparison.Ordinal) + 1, text.Length);
            text = string.Concat(text.AsSpan(0, from), "*", text.AsSpan(random.Next(from, text.Length + 1)));
        }

        return text;
    }

    public T One<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];

    public string[] Some(IEnumerable<string> from) => [.. from.Where(_ => random.Next(2) == 0)];

    public T[] Shuffle<T>(IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        random.Shuffle(shuffled);
        return shuffled;
    }

    private Guid Id()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
