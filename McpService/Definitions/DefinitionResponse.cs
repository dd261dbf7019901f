using System.Text.Json;
using McpPlatform.McpService.Tools;

namespace McpPlatform.McpService.Definitions;

/// <summary>Where a tool's definition stands.</summary>
/// <param name="Server">Its server's name.</param>
/// <param name="Tool">Its name.</param>
/// <param name="State"><c>approved</c>, <c>quarantined</c> or <c>rejected</c>.</param>
/// <param name="Since">Since when; null for one that was taken before there was such a thing.</param>
/// <param name="DefinitionHash">SHA-256 of what the server lists, in canonical form without <c>_meta</c> and <c>icons</c>: what a decision is about.</param>
/// <param name="IsNew">Whether nothing of that name was ever approved.</param>
/// <param name="DecidedBy">Who decided; null for the platform.</param>
/// <param name="Reason">Why, in that person's words.</param>
/// <param name="Tokens">What it costs of a model's context, in tokens of o200k_base.</param>
internal sealed record DefinitionSummary(
    string Server, string Tool, string State, DateTimeOffset? Since, string DefinitionHash, bool IsNew, Guid? DecidedBy, string? Reason, int? Tokens)
{
    public static DefinitionSummary Of(string server, Tool tool) =>
        new(server, tool.Name, tool.State, tool.StateSince, tool.LockHash, tool.ApprovedDefinition is null, tool.DecidedBy, tool.Reason, tool.Tokens);
}

/// <summary>All that is needed to decide.</summary>
/// <param name="Summary">Where it stands.</param>
/// <param name="Approved">The definition that was approved last.</param>
/// <param name="Listed">The definition that the server lists.</param>
/// <param name="Changes">What differs between them.</param>
/// <param name="Findings">What the lint found in what is listed.</param>
internal sealed record DefinitionResponse(
    DefinitionSummary Summary, JsonElement? Approved, JsonElement Listed, IReadOnlyList<DefinitionChange> Changes, IReadOnlyList<LintFinding> Findings)
{
    public static DefinitionResponse Of(string server, Tool tool)
    {
        var (listed, approved) = (JsonElement.Parse(tool.Definition), tool.ApprovedDefinition is null ? (JsonElement?)null : JsonElement.Parse(tool.ApprovedDefinition));
        return new(DefinitionSummary.Of(server, tool), approved, listed, approved is { } before ? DefinitionDiff.Between(before, listed) : [], DefinitionLint.Check(listed));
    }
}
