using McpPlatform.McpService.Bundles;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Definitions;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Budget;

/// <summary>What one tool costs of a model's context.</summary>
/// <param name="Server">Its server's name.</param>
/// <param name="Tool">Its name.</param>
/// <param name="Tokens">Of its definition, in tokens of o200k_base.</param>
internal sealed record ToolCost(string Server, string Tool, int Tokens);

/// <summary>Adds up what the tools of a bundle cost of a model's context.</summary>
internal sealed class ContextBudget(McpDbContext db)
{
    public const int MaxLimit = 10_000_000;

    private const int Named = 3;

    /// <summary>The tools that would be listed, the most expensive first.</summary>
    public async Task<IReadOnlyList<ToolCost>> MeasureAsync(IEnumerable<BundleMember> members, CancellationToken cancellationToken)
    {
        var chosen = members.ToDictionary(member => member.ServerId, member => member.Tools?.ToHashSet(StringComparer.Ordinal));
        List<Guid> servers = [.. chosen.Keys];
        var tools = await db.Tools.AsNoTracking()
            .Where(tool => servers.Contains(tool.ServerId) && tool.RemovedAt == null && tool.State == DefinitionStates.Approved)
            .Select(tool => new { tool.ServerId, Server = db.Servers.First(server => server.Id == tool.ServerId).Name, tool.Name, tool.Tokens, Definition = tool.Tokens == null ? tool.Definition : null })
            .ToListAsync(cancellationToken);
        return
        [
            .. tools.Where(tool => chosen[tool.ServerId]?.Contains(tool.Name) ?? true)
                .Select(tool => new ToolCost(tool.Server, tool.Name, tool.Tokens ?? ContextTokens.Count(tool.Definition!)))
                .OrderByDescending(cost => cost.Tokens).ThenBy(cost => cost.Server, StringComparer.Ordinal).ThenBy(cost => cost.Tool, StringComparer.Ordinal),
        ];
    }

    /// <summary>Says by how much a bundle would be too expensive; null when it is not.</summary>
    public async Task<string?> FindExcessAsync(IEnumerable<BundleMember> members, int limit, CancellationToken cancellationToken)
    {
        var tools = await MeasureAsync(members, cancellationToken);
        var sum = tools.Sum(tool => tool.Tokens);
        return sum <= limit ? null
            : $"The tools of the bundle cost {sum} tokens of a model's context, more than the token_limit of {limit}; the most expensive are "
                + $"{string.Join(", ", tools.Take(Named).Select(tool => $"{tool.Server}/{tool.Tool} ({tool.Tokens})"))}: choose fewer tools, or a higher limit.";
    }
}
