using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Definitions;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>What the platform is to do with a tool.</summary>
/// <param name="RequiresApproval">Whether a person has to approve each call.</param>
public sealed record UpdateToolRequest([Required(ErrorMessage = "The requires_approval must be true or false.")] bool? RequiresApproval);

internal static class UpdateTool
{
    public static async Task<Results<NoContent, ProblemHttpResult, ValidationProblem>> HandleAsync(
        string id, string tool, UpdateToolRequest request, McpDbContext db, ServerAccess access, ActivityLog activities, Registry registry, CancellationToken cancellationToken)
    {
        var (server, refusal) = await access.FindToManageAsync(id, "mcp.tools.update", cancellationToken);
        if (server is null)
        {
            return refusal!;
        }

        var (name, requires) = (GetDefinition.NameOf(tool), request.RequiresApproval!.Value);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await ToolCatalogue.LockAsync(db, server.Id, cancellationToken);
        if (await db.Tools.Where(row => row.ServerId == server.Id && row.Name == name).ExecuteUpdateAsync(set => set.SetProperty(row => row.RequiresApproval, requires), cancellationToken) == 0)
        {
            return ProblemExtensions.Problem(StatusCodes.Status404NotFound, GetDefinition.NoSuchTool);
        }

        db.AddToOutbox(activities.Create("mcp.tools.update", ActivityOutcomes.Succeeded, "tool", Targets.Of(server.Name, name), newValues: new { RequiresApproval = requires }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await registry.RefreshAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
