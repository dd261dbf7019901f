using System.Text.Json.Nodes;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.McpService.Tools;

/// <summary>What became of a call.</summary>
internal sealed record ToolCallOutcome
{
    /// <summary>The server's name, or what the caller took for one.</summary>
    public required string Server { get; init; }

    public Guid? ServerId { get; init; }

    public required string Tool { get; init; }

    /// <summary>The bundle that it was called through.</summary>
    public string? Bundle { get; init; }

    /// <summary>The server's result as it was sent; null when there is none.</summary>
    public JsonObject? Result { get; init; }

    public ToolCallFailure? Failure { get; init; }

    /// <summary>The approval that the call used up.</summary>
    public Guid? Approval { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>The tool ran and says that it failed.</summary>
    public bool IsError => Result?["isError"] is JsonValue value && value.TryGetValue(out bool isError) && isError;

    /// <summary>The server asks something before it goes on.</summary>
    public bool NeedsInput => Result?["resultType"] is JsonValue value && value.TryGetValue(out string? type) && type == "input_required";

    public string Outcome => Failure is null && !IsError ? ActivityOutcomes.Succeeded
        : Failure?.IsDenial == true ? ActivityOutcomes.Denied
        : ActivityOutcomes.Failed;
}
