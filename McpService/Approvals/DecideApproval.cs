using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Approvals;

/// <summary>A person's word.</summary>
/// <param name="Reason">Why, for the record.</param>
public sealed record DecideApprovalRequest([MaxLength(1024, ErrorMessage = "The reason must be at most 1024 characters.")] string? Reason = null);

/// <summary>Parts that these need.</summary>
internal sealed record ApprovalServices(McpDbContext Db, AccessDecider Access, CurrentUser User, ActivityLog Activities, SecretProtector Protector, IHttpContextAccessor Http, TimeProvider Time);

internal static class DecideApproval
{
    private const string NotFoundSentence = "There is no such approval, or none that you may decide.";

    public static Task<Results<Ok<ApprovalResponse>, ProblemHttpResult>> ApproveAsync(
        Guid id, DecideApprovalRequest request, [AsParameters] ApprovalServices services, CancellationToken cancellationToken) => DecideAsync(id, true, request.Reason, services, cancellationToken);

    public static Task<Results<Ok<ApprovalResponse>, ProblemHttpResult>> DenyAsync(
        Guid id, DecideApprovalRequest request, [AsParameters] ApprovalServices services, CancellationToken cancellationToken) => DecideAsync(id, false, request.Reason, services, cancellationToken);

    private static async Task<Results<Ok<ApprovalResponse>, ProblemHttpResult>> DecideAsync(
        Guid id, bool approve, string? reason, ApprovalServices services, CancellationToken cancellationToken)
    {
        var (db, user, now) = (services.Db, services.User, services.Time.GetUtcNow());
        var found = await db.Approvals.AsNoTracking().Where(row => row.Id == id)
            .Select(row => new { Approval = row, Server = db.Servers.First(server => server.Id == row.ServerId).Name }).SingleOrDefaultAsync(cancellationToken);
        if (found is null || (found.Approval.UserId != user.Id && !services.Access.Decide(Permissions.McpServersManage, AccessResource.Server(found.Server)).Allowed))
        {
            return ProblemExtensions.Problem(StatusCodes.Status404NotFound, NotFoundSentence);
        }

        // What calls tools by itself does so with an API key, or as an OAuth client: it is not to approve what it asks for.
        if (services.Http.HttpContext?.User.FindFirst(PlatformClaims.Client)?.Value is not (null or PlatformClaims.FirstPartyClient))
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "A call is approved by a person who has logged in at the platform: an API key or an OAuth client cannot do it.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var state = approve ? Approval.Approved : Approval.Denied;
        if (await db.Approvals.Where(row => row.Id == id && row.State == Approval.Pending && row.ExpiresAt > now)
            .ExecuteUpdateAsync(
                set => set.SetProperty(row => row.State, state).SetProperty(row => row.DecidedBy, user.Id).SetProperty(row => row.DecidedAt, now).SetProperty(row => row.Reason, reason),
                cancellationToken) == 0)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, "It is decided, or expired, already.");
        }

        db.AddToOutbox(services.Activities.Create(
            approve ? "mcp.approvals.approve" : "mcp.approvals.deny", ActivityOutcomes.Succeeded, "tool", Targets.Of(found.Server, found.Approval.Tool),
            new { State = Approval.Pending }, new { State = state, ApprovalId = id, CallOf = found.Approval.Username, found.Approval.ArgumentsHash, Reason = reason }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        var decided = await db.Approvals.AsNoTracking().SingleAsync(row => row.Id == id, cancellationToken);
        return TypedResults.Ok(ApprovalResponse.Of(decided, found.Server, services.Protector, now));
    }
}
