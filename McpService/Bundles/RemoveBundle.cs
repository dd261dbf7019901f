using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Bundles;

internal static class RemoveBundle
{
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        string id, McpDbContext db, BundleAccess access, ActivityLog activities, Registry registry, CancellationToken cancellationToken)
    {
        var (bundle, refusal) = await access.FindToManageAsync(id, "mcp.bundles.delete", cancellationToken);
        if (bundle is null)
        {
            return refusal!;
        }

        db.Remove(bundle);
        db.AddToOutbox(activities.Create(
            "mcp.bundles.delete", ActivityOutcomes.Succeeded, "bundle", bundle.Name, BundleValues.Of(bundle, await access.VisibleServersAsync(cancellationToken))));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{bundle.Name}' was changed at the same moment: look at it, and try again.");
        }

        await registry.RefreshAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
