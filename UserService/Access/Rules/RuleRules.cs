using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access.Teams;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Rules;

/// <summary>A rule that a subject shall have.</summary>
/// <param name="Effect"><c>allow</c> or <c>deny</c>.</param>
/// <param name="Resource">A pattern such as <c>tool:github/*</c>: <c>*</c> stands for any run of characters.</param>
/// <param name="Permissions">The permissions that it concerns; all when left out.</param>
public sealed record RuleRequest(
    [Required(ErrorMessage = "effect must be allow or deny.")]
    RuleEffect? Effect,
    [Required(ErrorMessage = "resource is required.")]
    string? Resource,
    [MaxLength(100, ErrorMessage = "permissions may name at most 100 permissions.")]
    IReadOnlyList<string?>? Permissions);

/// <summary>A rule that a subject has.</summary>
internal sealed record RuleResponse(Guid Id, RuleSubject SubjectType, string Subject, RuleEffect Effect, string Resource, IReadOnlyList<string>? Permissions)
{
    public static RuleResponse From(AccessRule rule) => new(rule.Id, rule.SubjectType, rule.Subject, rule.Effect, rule.Resource, rule.Permissions);
}

/// <summary>Whom rules are about.</summary>
/// <param name="Type">A role, a user or a team.</param>
/// <param name="Name">The name, or the user's id.</param>
internal sealed record Subject(RuleSubject Type, string Name)
{
    /// <summary>Everybody whom a rule about it concerns.</summary>
    public IQueryable<Guid> Users(UsersDbContext db) => Type switch
    {
        RuleSubject.Role => db.HoldersOf(Name),
        RuleSubject.Team => db.TeamMembers.Where(member => member.TeamName == Name).Select(member => member.UserId),
        _ => db.Users.Where(user => user.Id == Guid.Parse(Name)).Select(user => user.Id),
    };

    public bool Concerns(CurrentUser caller, IEnumerable<Guid> users) => users.Contains(caller.Id) || Type switch
    {
        RuleSubject.Role => caller.Roles.Contains(Name, StringComparer.Ordinal),
        RuleSubject.Team => caller.Teams.Contains(Name, StringComparer.Ordinal),
        _ => Name == caller.Id.ToString(),
    };
}

/// <summary>What the use cases of rules have in common.</summary>
internal static class RuleRules
{
    public const string SubjectTypeSentence = "subject_type must be role, user or team.";

    /// <summary>Finds whom rules are about; a user by id or by name.</summary>
    /// <returns>Null when there is none.</returns>
    public static async Task<Subject?> FindSubjectAsync(this UsersDbContext db, RuleSubject type, string name, CancellationToken cancellationToken)
    {
        var exists = type switch
        {
            RuleSubject.Role => Slugs.IsSlug(name) && await db.Roles.AnyAsync(role => role.Name == name, cancellationToken),
            RuleSubject.Team => Slugs.IsSlug(name) && await db.Teams.AnyAsync(team => team.Name == name, cancellationToken),
            _ => true,
        };
        if (type == RuleSubject.User)
        {
            var user = await Decisions.People.FindAsync(db, name, cancellationToken);
            return user is null ? null : new Subject(type, user.Id.ToString());
        }

        return exists ? new Subject(type, name) : null;
    }

    public static ValidationProblem UnknownSubject(RuleSubject type, string name) =>
        ProblemExtensions.Invalid("subject", $"There is no {type.ToString().ToLowerInvariant()} '{name}'.");

    /// <summary>Checks what the rules name.</summary>
    /// <returns>Null when all is right.</returns>
    public static ValidationProblem? Refuse(IReadOnlyList<RuleRequest?> rules)
    {
        foreach (var (index, rule) in rules.Index())
        {
            if (rule?.Effect is null || !Enum.IsDefined(rule.Effect.Value))
            {
                return ProblemExtensions.Invalid($"rules[{index}].effect", "effect must be allow or deny.");
            }

            if (!ResourcePattern.TryParse(rule.Resource, out _))
            {
                return ProblemExtensions.Invalid(
                    $"rules[{index}].resource",
                    $"resource must be server:…, tool:{{server}}/{{tool}}, bundle:… or connection:{{owner}}/{{name}}, with * for any run of characters, in at most {AccessResource.MaxLength} characters and without control characters.");
            }

            if (rule.Permissions is { Count: 0 })
            {
                return ProblemExtensions.Invalid($"rules[{index}].permissions", "permissions must name at least one permission, or be left out for all.");
            }

            if (RoleRules.Unknown(rule.Permissions ?? []) is { } unknown)
            {
                return unknown;
            }
        }

        return null;
    }

    /// <summary>The rules that the subject shall have; those that it has already keep their id.</summary>
    public static List<Grant> Wanted(Subject subject, IReadOnlyList<RuleRequest?> rules, IReadOnlyCollection<Grant> before, DateTimeOffset now)
    {
        List<Grant> wanted = [];
        foreach (var rule in rules.OfType<RuleRequest>())
        {
            string[]? permissions = rule.Permissions is null ? null : [.. rule.Permissions.OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            if (!wanted.Exists(Same))
            {
                wanted.Add(before.FirstOrDefault(Same) ?? new Grant
                {
                    Id = Guid.CreateVersion7(), SubjectType = subject.Type, Subject = subject.Name, Effect = rule.Effect!.Value, Resource = rule.Resource!,
                    Permissions = permissions, CreatedAt = now,
                });
            }

            bool Same(Grant other) => other.Effect == rule.Effect && other.Resource == rule.Resource
                && (other.Permissions, permissions) is (null, null) or ({ }, { }) && (permissions is null || permissions.SequenceEqual(other.Permissions!));
        }

        return wanted;
    }

    /// <summary>
    /// The permissions that the difference gives somebody or takes from somebody: all, where a rule names none. An allow rule of a role narrows, so that taking
    /// it away gives; it makes no difference which of the two was meant.
    /// </summary>
    public static RoleGrants Touched(IEnumerable<Grant> changed) => new(
        [], [.. changed.SelectMany(rule => rule.Permissions ?? PermissionsOf(rule.Resource)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>The permissions that can be asked for a kind of resource.</summary>
    public static IEnumerable<string> PermissionsOf(string resource) => AccessResource.TryParse(resource, out var read) ? PermissionsOf(read.Kind) : [];

    /// <inheritdoc cref="PermissionsOf(string)"/>
    public static IEnumerable<string> PermissionsOf(ResourceKind kind) => Contracts.Identity.Permissions.Catalogue.Keys
        .Where(permission => permission.StartsWith(kind == ResourceKind.Connection ? "db." : "mcp.", StringComparison.Ordinal));
}
