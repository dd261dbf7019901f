using System.ComponentModel.DataAnnotations;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Privacy;

/// <summary>Whose data is to be erased.</summary>
public sealed record EraseRequest
{
    /// <summary>The user's id.</summary>
    [Required(ErrorMessage = "user_id is required.")]
    public Guid? UserId { get; init; }

    /// <summary>Why; it stays on record, so name nobody.</summary>
    [MaxLength(Erasure.MaxReasonLength, ErrorMessage = "reason must be at most 512 characters.")]
    public string? Reason { get; init; }
}

/// <summary>How far an erasure is.</summary>
/// <param name="Id">Its id, and that of the activity <c>privacy.erase</c>.</param>
/// <param name="Status"><c>running</c> or <c>done</c>.</param>
/// <param name="Pseudonym">What stands in the place of the person's id.</param>
/// <param name="Reason">Why.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="FinishedAt">When nothing was left.</param>
/// <param name="Rows">Rows that were changed.</param>
internal sealed record ErasureResponse(Guid Id, string Status, Guid Pseudonym, string? Reason, DateTimeOffset RequestedAt, DateTimeOffset? FinishedAt, long Rows)
{
    public static ErasureResponse Of(Erasure erasure) =>
        new(erasure.Id, erasure.FinishedAt is null ? "running" : "done", erasure.Pseudonym, erasure.Reason, erasure.RequestedAt, erasure.FinishedAt, erasure.Rows);
}

internal static class ErasureEndpoints
{
    public const string Action = "privacy.erase";

    /// <summary>Accepted, and done within minutes: it goes through everything that is kept.</summary>
    public static async Task<Accepted<ErasureResponse>> EraseAsync(EraseRequest request, AnalyticsDbContext db, ActivityLog log, CurrentUser caller, TimeProvider time, CancellationToken cancellationToken)
    {
        // The activity stays, so it names the erasure and not the person.
        var activity = log.Create(Action, ActivityOutcomes.Succeeded, "erasure");
        var erasure = new Erasure
        {
            Id = activity.EventId, UserId = request.UserId!.Value, Pseudonym = Guid.CreateVersion7(), Reason = request.Reason, RequestedBy = caller.Username, RequestedAt = time.GetUtcNow(),
        };
        db.Add(erasure);
        db.AddToOutbox(activity with { Target = erasure.Id.ToString() });
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Accepted($"{AnalyticsApi.Route}/erasures/{erasure.Id}", ErasureResponse.Of(erasure));
    }

    public static async Task<Results<Ok<ErasureResponse>, ProblemHttpResult>> GetAsync(Guid id, AnalyticsDbContext db, CancellationToken cancellationToken) =>
        await db.Erasures.AsNoTracking().SingleOrDefaultAsync(erasure => erasure.Id == id, cancellationToken) is { } found
            ? TypedResults.Ok(ErasureResponse.Of(found))
            : ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no erasure of this id.");
}
