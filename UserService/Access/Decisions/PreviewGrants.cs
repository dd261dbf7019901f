using System.ComponentModel.DataAnnotations;
using System.Data;
using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Access.Rules;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Decisions;

/// <summary>What would be if a subject had these rules.</summary>
/// <param name="SubjectType"><c>role</c>, <c>user</c> or <c>team</c>.</param>
/// <param name="Subject">The role's or team's name; the user's id or name.</param>
/// <param name="Rules">All rules that it would have.</param>
/// <param name="ExpectedVersion">Plays no part.</param>
/// <param name="Resources">For which resources decisions are compared; those that rules and teams name when left out.</param>
public sealed record PreviewGrantsRequest(
    [Required(ErrorMessage = RuleRules.SubjectTypeSentence)]
    RuleSubject? SubjectType,
    [Required(ErrorMessage = "subject is required.")]
    [StringLength(Slugs.MaxLength, ErrorMessage = "subject may have at most 64 characters.")]
    string? Subject,
    [Required(ErrorMessage = "rules must be a list of rules.")]
    [MaxLength(GrantConfiguration.MaxRules, ErrorMessage = "rules may hold at most 2000 rules.")]
    IReadOnlyList<RuleRequest?>? Rules,
    long? ExpectedVersion = null,
    [MaxLength(AccessPreview.MaxResources, ErrorMessage = AccessPreview.ResourcesSentence)]
    IReadOnlyList<string?>? Resources = null);

internal static class PreviewGrants
{
    public static async Task<Results<Ok<PreviewResponse>, ValidationProblem>> HandleAsync(
        PreviewGrantsRequest request, UsersDbContext db, TimeProvider time, CancellationToken cancellationToken)
    {
        if ((RuleRules.Refuse(request.Rules!) ?? AccessPreview.Refuse(request.Resources)) is { } invalid)
        {
            return invalid;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var before = await db.LoadAccessPolicyAsync(cancellationToken) ?? throw new AccessPolicyMissingException();
        if (await db.FindSubjectAsync(request.SubjectType!.Value, request.Subject!, cancellationToken) is not { } subject)
        {
            return RuleRules.UnknownSubject(request.SubjectType.Value, request.Subject!);
        }

        var wanted = RuleRules.Wanted(subject, request.Rules!, [], time.GetUtcNow()).Select(rule => rule.ToRule());
        var after = before with { Rules = [.. before.Rules.Where(rule => rule.SubjectType != subject.Type || rule.Subject != subject.Name), .. wanted] };
        return TypedResults.Ok(await AccessPreview.CompareAsync(db, before, after, subject.Users(db), request.Resources, cancellationToken));
    }
}
