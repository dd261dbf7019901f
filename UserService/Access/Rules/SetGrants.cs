using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Rules;

/// <summary>All rules that a subject shall have: those that are not named are taken away. Other subjects' rules stay.</summary>
/// <param name="SubjectType"><c>role</c>, <c>user</c> or <c>team</c>.</param>
/// <param name="Subject">The role's or team's name; the user's id or name.</param>
/// <param name="Rules">The rules; none takes all away.</param>
/// <param name="ExpectedVersion">The version of the policy that the caller has seen: when it is another one meanwhile, nothing is changed.</param>
public sealed record SetGrantsRequest(
    [Required(ErrorMessage = RuleRules.SubjectTypeSentence)]
    RuleSubject? SubjectType,
    [Required(ErrorMessage = "subject is required.")]
    [StringLength(Slugs.MaxLength, ErrorMessage = "subject may have at most 64 characters.")]
    string? Subject,
    [Required(ErrorMessage = "rules must be a list of rules.")]
    [MaxLength(GrantConfiguration.MaxRules, ErrorMessage = "rules may hold at most 2000 rules.")]
    IReadOnlyList<RuleRequest?>? Rules,
    long? ExpectedVersion = null);

internal sealed record SubjectRulesResponse(RuleSubject SubjectType, string Subject, IReadOnlyList<RuleResponse> Rules, long Version);

internal static class SetGrants
{
    private const string Action = "grants.set";

    public static async Task<Results<Ok<SubjectRulesResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        SetGrantsRequest request, UsersDbContext db, AccessChange change, EscalationGuard guard, CurrentUser caller, ActivityLog activities, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (RuleRules.Refuse(request.Rules!) is { } invalid)
        {
            return invalid;
        }

        await change.BeginAsync(cancellationToken);
        if (await db.FindSubjectAsync(request.SubjectType!.Value, request.Subject!, cancellationToken) is not { } subject)
        {
            return RuleRules.UnknownSubject(request.SubjectType.Value, request.Subject!);
        }

        var version = (await db.LoadAccessPolicyAsync(cancellationToken))?.Version ?? 0;
        if (request.ExpectedVersion is { } expected && expected != version)
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict, $"The policy is at version {version} and not {expected} any more: read the rules again, and change them then.");
        }

        var before = await db.Grants.Where(rule => rule.SubjectType == subject.Type && rule.Subject == subject.Name).OrderBy(rule => rule.Id).ToListAsync(cancellationToken);
        var after = RuleRules.Wanted(subject, request.Rules!, before, time.GetUtcNow());
        List<Grant> added = [.. after.Except(before)], removed = [.. before.Except(after)];
        if (added.Count + removed.Count == 0)
        {
            return TypedResults.Ok(Response(subject, after, version));
        }

        var users = await subject.Users(db).ToListAsync(cancellationToken);
        var target = $"{Name(subject.Type)}:{subject.Name}";
        var refusal = await guard.RefuseAsync(RuleRules.Touched(added.Concat(removed)), Action, target, cancellationToken, "grants")
            ?? await guard.RefuseOwnAffairsAsync(subject.Concerns(caller, users), Action, "grants", target, cancellationToken);
        if (refusal is not null)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        if (await db.Grants.CountAsync(cancellationToken) + added.Count - removed.Count > GrantConfiguration.MaxRules)
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict, $"All subjects together may have {GrantConfiguration.MaxRules} rules, and no more: one pattern with * can say what many rules do.");
        }

        db.RemoveRange(removed);
        db.AddRange(added);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "grants", target, new { Rules = Described(before) }, new { Rules = Described(after) }));

        // The rules are no part of the tokens: what users hold is as before.
        var policy = await change.CommitAsync([], cancellationToken);
        return TypedResults.Ok(Response(subject, after, policy.Version));
    }

    private static SubjectRulesResponse Response(Subject subject, IEnumerable<Grant> rules, long version) =>
        new(subject.Type, subject.Name, [.. rules.OrderBy(rule => rule.Id).Select(rule => RuleResponse.From(rule.ToRule()))], version);

    private static IEnumerable<object> Described(IEnumerable<Grant> rules) => rules.Select(rule => new { rule.Effect, rule.Resource, rule.Permissions });

    private static string Name(RuleSubject type) => type.ToString().ToLowerInvariant();
}
