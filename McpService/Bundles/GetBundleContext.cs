using McpPlatform.McpService.Budget;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Bundles;

/// <summary>What a bundle costs of a model's context, before anything is asked.</summary>
/// <param name="Tokens">All its tools together, in tokens of o200k_base.</param>
/// <param name="TokenLimit">What they may cost; null for no limit.</param>
/// <param name="Tools">Each of them, the most expensive first. Tools of servers that the caller may not see are left out, of the sum too.</param>
internal sealed record BundleContextResponse(int Tokens, int? TokenLimit, IReadOnlyList<ToolCost> Tools);

internal static class GetBundleContext
{
    public static async Task<Results<Ok<BundleContextResponse>, ProblemHttpResult>> HandleAsync(string id, BundleAccess access, ContextBudget budget, CancellationToken cancellationToken)
    {
        if (await access.FindAsync(id, "mcp.bundles.read", cancellationToken) is not { } bundle)
        {
            return BundleAccess.NotFound();
        }

        var visible = await access.VisibleServersAsync(cancellationToken);
        var tools = await budget.MeasureAsync(bundle.Members.Where(member => visible.ContainsKey(member.ServerId)), cancellationToken);
        return TypedResults.Ok(new BundleContextResponse(tools.Sum(tool => tool.Tokens), bundle.TokenLimit, tools));
    }
}
