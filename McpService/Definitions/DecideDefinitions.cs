using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Tools;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Definitions;

/// <summary>A decision on one tool's definition.</summary>
/// <param name="DefinitionHash">Of the definition that was looked at.</param>
/// <param name="Reason">Why, for the record.</param>
public sealed record DecideDefinitionRequest(
    [Required(ErrorMessage = DecideDefinitions.HashSentence)] string? DefinitionHash,
    [MaxLength(1024, ErrorMessage = DecideDefinitions.ReasonSentence)] string? Reason = null);

/// <summary>One decision on many tools of a server.</summary>
/// <param name="Decision"><c>approve</c> or <c>reject</c>.</param>
/// <param name="Definitions">By tool, the hash of the definition that was looked at; 1 to 1,000.</param>
/// <param name="Reason">Why, for the record.</param>
public sealed record DecideDefinitionsRequest(
    [Required(ErrorMessage = "The decision must be 'approve' or 'reject'.")] string? Decision,
    [Required(ErrorMessage = "The definitions must be 1 to 1000 tool names, each with the definition_hash that was looked at.")] IReadOnlyDictionary<string, string>? Definitions,
    [MaxLength(1024, ErrorMessage = DecideDefinitions.ReasonSentence)] string? Reason = null);

/// <summary>Approves or rejects what a server lists. All of it or nothing: who decides on a definition that has changed meanwhile decided on something else.</summary>
internal sealed class DecideDefinitions
{
    public const string HashSentence = "The definition_hash must be that of the definition that was looked at.", ReasonSentence = "The reason must be at most 1024 characters.";

    private const int MaxDefinitions = 1000;

    public static Task<Results<Ok<DefinitionSummary>, ProblemHttpResult, ValidationProblem>> ApproveAsync(
        string id, string tool, DecideDefinitionRequest request, [AsParameters] Services services, CancellationToken cancellationToken) =>
        OneAsync(id, tool, approve: true, request, services, cancellationToken);

    public static Task<Results<Ok<DefinitionSummary>, ProblemHttpResult, ValidationProblem>> RejectAsync(
        string id, string tool, DecideDefinitionRequest request, [AsParameters] Services services, CancellationToken cancellationToken) =>
        OneAsync(id, tool, approve: false, request, services, cancellationToken);

    public static async Task<Results<Ok<IReadOnlyList<DefinitionSummary>>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        string id, DecideDefinitionsRequest request, [AsParameters] Services services, CancellationToken cancellationToken)
    {
        if (request.Decision is not ("approve" or "reject"))
        {
            return ProblemExtensions.Invalid("decision", "The decision must be 'approve' or 'reject'.");
        }

        if (request.Definitions!.Count is 0 or > MaxDefinitions || request.Definitions.Any(entry => entry.Key.Contains('\0', StringComparison.Ordinal) || entry.Value is null))
        {
            return ProblemExtensions.Invalid("definitions", $"The definitions must be 1 to {MaxDefinitions} tool names, each with the definition_hash that was looked at.");
        }

        var (decided, refusal) = await DecideAsync(id, request.Definitions, request.Decision == "approve", request.Reason, services, cancellationToken);
        return refusal is not null ? refusal : TypedResults.Ok(decided!);
    }

    private static async Task<Results<Ok<DefinitionSummary>, ProblemHttpResult, ValidationProblem>> OneAsync(
        string id, string tool, bool approve, DecideDefinitionRequest request, Services services, CancellationToken cancellationToken)
    {
        var definitions = new Dictionary<string, string>(StringComparer.Ordinal) { [GetDefinition.NameOf(tool)] = request.DefinitionHash! };
        var (decided, refusal) = await DecideAsync(id, definitions, approve, request.Reason, services, cancellationToken);
        return refusal is not null ? refusal : TypedResults.Ok(decided![0]);
    }

    private static async Task<(IReadOnlyList<DefinitionSummary>? Decided, ProblemHttpResult? Refusal)> DecideAsync(
        string id, IReadOnlyDictionary<string, string> definitions, bool approve, string? reason, Services services, CancellationToken cancellationToken)
    {
        var action = approve ? "mcp.definitions.approve" : "mcp.definitions.reject";
        var (db, now) = (services.Db, services.Time.GetUtcNow());
        var (server, refusal) = await services.Access.FindToManageAsync(id, action, cancellationToken);
        if (server is null)
        {
            return (null, refusal);
        }

        // In turn with those who note what the server lists.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await ToolCatalogue.LockAsync(db, server.Id, cancellationToken);
        List<string> names = [.. definitions.Keys];
        var tools = await db.Tools.AsTracking().Where(tool => tool.ServerId == server.Id && names.Contains(tool.Name) && tool.RemovedAt == null).OrderBy(tool => tool.Name).ToListAsync(cancellationToken);
        if (tools.Count < names.Count)
        {
            return (null, ProblemExtensions.Problem(StatusCodes.Status404NotFound, GetDefinition.NoSuchTool));
        }

        if (tools.Find(tool => tool.LockHash != definitions[tool.Name]) is { } other)
        {
            return (null, ProblemExtensions.Problem(
                StatusCodes.Status409Conflict, $"The definition of '{Targets.Of(other.Name)}' is not, or no longer, the one with that definition_hash: look at it again."));
        }

        foreach (var tool in tools)
        {
            var old = new { tool.State, tool.Reason };
            tool.Decide(approve, services.User.Id, reason, now);
            db.AddToOutbox(services.Activities.Create(
                action, ActivityOutcomes.Succeeded, "tool", $"{server.Name}/{Targets.Of(tool.Name)}", old, new { tool.State, tool.Reason, DefinitionHash = tool.LockHash }));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await services.Registry.RefreshAsync(cancellationToken);
        return (tools.ConvertAll(tool => DefinitionSummary.Of(server.Name, tool)), null);
    }

    internal sealed record Services(McpDbContext Db, ServerAccess Access, CurrentUser User, ActivityLog Activities, Registry Registry, TimeProvider Time);
}
