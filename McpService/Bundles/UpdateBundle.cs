using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Budget;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.McpService.Bundles;

/// <summary>What to change; what is left out stays as it is. A bundle keeps its name: clients and grants refer to it.</summary>
/// <param name="Servers">What is in it, in order.</param>
/// <param name="Description">What it is for; empty removes it.</param>
/// <param name="Prefix">When a tool's name begins with its server's.</param>
/// <param name="Enabled">Whether it can be used.</param>
/// <param name="TokenLimit">What its tools may cost of a model's context, in tokens of o200k_base; 0 for no limit.</param>
public sealed record UpdateBundleRequest(
    IReadOnlyList<BundleServerRequest?>? Servers = null,
    [MaxLength(1024, ErrorMessage = "The description must be at most 1024 characters.")] string? Description = null,
    string? Prefix = null,
    bool? Enabled = null,
    [Range(0, ContextBudget.MaxLimit, ErrorMessage = "The token_limit must be 1 to 10000000, or 0 for none.")] int? TokenLimit = null);

internal static class UpdateBundle
{
    public static async Task<Results<Ok<BundleResponse>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        string id, UpdateBundleRequest request, McpDbContext db, BundleAccess access, ContextBudget budget, ActivityLog activities, Registry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        if (request.Prefix is not null && !Prefixes.IsValid(request.Prefix))
        {
            return ProblemExtensions.Invalid("prefix", Prefixes.Sentence);
        }

        var (bundle, refusal) = await access.FindToManageAsync(id, "mcp.bundles.update", cancellationToken);
        if (bundle is null)
        {
            return refusal!;
        }

        List<BundleMember>? members = null;
        if (request.Servers is not null)
        {
            (members, var problem) = await access.ReadAsync(request.Servers, cancellationToken);
            if (problem is not null)
            {
                return problem;
            }
        }

        if ((request.TokenLimit ?? bundle.TokenLimit) is { } limit and > 0 && (request.TokenLimit is not null || members is not null)
            && await budget.FindExcessAsync(members ?? bundle.Members, limit, cancellationToken) is { } excess)
        {
            return ProblemExtensions.Invalid("token_limit", excess);
        }

        var visible = await access.VisibleServersAsync(cancellationToken);
        var old = BundleValues.Of(bundle, visible);
        bundle.Change(request.Description, request.Prefix, request.Enabled, request.TokenLimit, members, time.GetUtcNow());
        db.AddToOutbox(activities.Create("mcp.bundles.update", ActivityOutcomes.Succeeded, "bundle", bundle.Name, old, BundleValues.Of(bundle, visible)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception is DbUpdateConcurrencyException || exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation })
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{bundle.Name}' was changed at the same moment: look at it, and try again.");
        }

        await registry.RefreshAsync(cancellationToken);
        return TypedResults.Ok(BundleResponse.For(bundle, visible));
    }
}
