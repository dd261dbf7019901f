using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Rules;

/// <summary>A part of the rules.</summary>
/// <param name="Items">The rules.</param>
/// <param name="NextCursor">What to ask for next; null at the end.</param>
/// <param name="Version">The policy's: pass it as <c>expected_version</c> to change nothing that others changed meanwhile.</param>
internal sealed record GrantsPage(IReadOnlyList<RuleResponse> Items, string? NextCursor, long Version);

internal static class ListGrants
{
    /// <summary>In the order in which they were made; of all subjects, of one kind of subject, or of one.</summary>
    public static async Task<Results<Ok<GrantsPage>, ValidationProblem>> HandleAsync(
        UsersDbContext db,
        CancellationToken cancellationToken,
        [FromQuery(Name = "subject_type")] string? subjectType = null,
        string? subject = null,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        var after = Guid.Empty;
        if (!Cursor.TryDecode(cursor, out var position) || (position is not null && !Guid.TryParse(position, out after)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        RuleSubject? type = subjectType switch { "role" => RuleSubject.Role, "user" => RuleSubject.User, "team" => RuleSubject.Team, _ => null };
        if (type is null && (subjectType is not null || subject is not null))
        {
            return ProblemExtensions.Invalid("subject_type", RuleRules.SubjectTypeSentence);
        }

        var rules = db.Grants.AsNoTracking().Where(rule => rule.Id > after && (type == null || rule.SubjectType == type));
        if (subject is not null)
        {
            if (await db.FindSubjectAsync(type!.Value, subject, cancellationToken) is not { } found)
            {
                return RuleRules.UnknownSubject(type.Value, subject);
            }

            rules = rules.Where(rule => rule.Subject == found.Name);
        }

        // The version first: whoever changes something after it is noticed, at worst for nothing.
        var version = (await db.LoadAccessPolicyAsync(cancellationToken))?.Version ?? 0;
        var rows = await rules.OrderBy(rule => rule.Id).Take(limit + 1).ToListAsync(cancellationToken);
        var page = Cursor.ToPage([.. rows.Select(rule => RuleResponse.From(rule.ToRule()))], limit, rule => rule.Id.ToString());
        return TypedResults.Ok(new GrantsPage(page.Items, page.NextCursor, version));
    }
}
