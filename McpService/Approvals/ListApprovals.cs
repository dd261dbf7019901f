using System.ComponentModel;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Approvals;

/// <summary>A call that waits, or waited, for a person's word.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Server">The server's name.</param>
/// <param name="Tool">The tool.</param>
/// <param name="UserId">Whose call it is.</param>
/// <param name="Username">That user's name.</param>
/// <param name="Arguments">What the tool is to be called with; null when it cannot be decrypted any more.</param>
/// <param name="State"><c>pending</c>, <c>approved</c> (the call was not made yet), <c>used</c>, <c>denied</c> or <c>expired</c>.</param>
/// <param name="CreatedAt">When it was asked.</param>
/// <param name="ExpiresAt">From when on it is worth nothing.</param>
/// <param name="DecidedBy">Who decided.</param>
/// <param name="Reason">Why, in that person's words.</param>
internal sealed record ApprovalResponse(
    Guid Id, string Server, string Tool, Guid UserId, string Username, JsonElement? Arguments, string State, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, Guid? DecidedBy, string? Reason)
{
    public static ApprovalResponse Of(Approval approval, string server, SecretProtector protector, DateTimeOffset now) => new(
        approval.Id, server, approval.Tool, approval.UserId, approval.Username, Read(approval, protector),
        approval.ExpiresAt <= now && approval.State is (Approval.Pending or Approval.Approved) ? "expired" : approval.State,
        approval.CreatedAt, approval.ExpiresAt, approval.DecidedBy, approval.Reason);

    private static JsonElement? Read(Approval approval, SecretProtector protector)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(protector.Unprotect(approval.ProtectedArguments, Approval.Context(approval.Id)));
        }
        catch (SecretUnreadableException)
        {
            return null;
        }
    }
}

internal static class ListApprovals
{
    private sealed record Row(Approval Approval, string Server);

    /// <summary>The caller's own, and those of servers that the caller manages; the newest first.</summary>
    public static async Task<Results<Ok<Page<ApprovalResponse>>, ValidationProblem>> HandleAsync(
        McpDbContext db, AccessDecider access, CurrentUser user, SecretProtector protector, TimeProvider time, CancellationToken cancellationToken,
        [Description("pending, approved, used or denied.")] string? state = null, int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (state is not (null or Approval.Pending or Approval.Approved or Approval.Used or Approval.Denied))
        {
            return ProblemExtensions.Invalid("state", "The state must be 'pending', 'approved', 'used' or 'denied'.");
        }

        if (!Cursor.TryDecode(cursor, out var after) || (after is not null && !Guid.TryParse(after, out _)))
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        var now = time.GetUtcNow();
        var rows =
            from approval in db.Approvals.AsNoTracking()
            join server in db.Servers on approval.ServerId equals server.Id
            where (state == null || approval.State == state) && (state != Approval.Pending || approval.ExpiresAt > now)
            select new { Approval = approval, Server = server.Name };
        var page = await VisiblePage.ReadAsync(
            limit,
            after,
            async (position, count) =>
            {
                var last = position is null ? (Guid?)null : Guid.Parse(position);
                return (await rows.Where(row => last == null || row.Approval.Id < last).OrderByDescending(row => row.Approval.Id).Take(count).ToListAsync(cancellationToken))
                    .ConvertAll(row => new Row(row.Approval, row.Server));
            },
            row => row.Approval.Id.ToString(),
            row => row.Approval.UserId == user.Id || access.Decide(Permissions.McpServersManage, AccessResource.Server(row.Server)).Allowed);
        return TypedResults.Ok(new Page<ApprovalResponse>([.. page.Items.Select(row => ApprovalResponse.Of(row.Approval, row.Server, protector, now))], page.NextCursor));
    }
}
