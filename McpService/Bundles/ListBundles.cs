using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Bundles;

internal static class ListBundles
{
    public static async Task<Results<Ok<Page<BundleResponse>>, ValidationProblem>> HandleAsync(
        McpDbContext db, BundleAccess access, CancellationToken cancellationToken, int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (!Cursor.TryDecode(cursor, out var after))
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        var page = await VisiblePage.ReadAsync(
            limit,
            after,
            (position, count) => db.Bundles.AsNoTracking().Where(bundle => position == null || bundle.Name.CompareTo(position) > 0).OrderBy(bundle => bundle.Name).Take(count).ToListAsync(cancellationToken),
            bundle => bundle.Name,
            bundle => access.Allows(Permissions.McpServersRead, bundle.Name));
        var visible = await access.VisibleServersAsync(cancellationToken);
        return TypedResults.Ok(new Page<BundleResponse>([.. page.Items.Select(bundle => BundleResponse.For(bundle, visible))], page.NextCursor));
    }
}

internal static class GetBundle
{
    public static async Task<Results<Ok<BundleResponse>, ProblemHttpResult>> HandleAsync(string id, BundleAccess access, CancellationToken cancellationToken) =>
        await access.FindAsync(id, "mcp.bundles.read", cancellationToken) is { } bundle
            ? TypedResults.Ok(BundleResponse.For(bundle, await access.VisibleServersAsync(cancellationToken)))
            : BundleAccess.NotFound();
}
