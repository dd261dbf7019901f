using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Budget;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.McpService.Bundles;

/// <summary>A new bundle.</summary>
/// <param name="Name">Its unique name, a part of its address.</param>
/// <param name="Servers">What is in it, in order.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Prefix">When a tool's name begins with its server's.</param>
/// <param name="Enabled">Whether it can be used.</param>
/// <param name="TokenLimit">What its tools may cost of a model's context, in tokens of o200k_base; left out for no limit.</param>
public sealed record CreateBundleRequest(
    [Required(ErrorMessage = "A name is required.")] string? Name,
    [Required(ErrorMessage = "The servers are required; the list may be empty.")] IReadOnlyList<BundleServerRequest?>? Servers,
    [MaxLength(1024, ErrorMessage = "The description must be at most 1024 characters.")] string? Description = null,
    string Prefix = Prefixes.OnConflict,
    bool Enabled = true,
    [Range(1, ContextBudget.MaxLimit, ErrorMessage = "The token_limit must be 1 to 10000000.")] int? TokenLimit = null);

/// <summary>A server for a bundle.</summary>
/// <param name="Name">Its name or id.</param>
/// <param name="Tools">The chosen tools, as the server names them; left out for everything that it has, prompts and resources included.</param>
public sealed record BundleServerRequest(string Name, IReadOnlyList<string>? Tools = null);

internal static class CreateBundle
{
    public static async Task<Results<Created<BundleResponse>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        CreateBundleRequest request, McpDbContext db, BundleAccess access, ContextBudget budget, CurrentUser user, ActivityLog activities, Registry registry, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!ServerNames.IsValid(request.Name!))
        {
            return ProblemExtensions.Invalid("name", ServerNames.Sentence);
        }

        if (request.Prefix is null || !Prefixes.IsValid(request.Prefix))
        {
            return ProblemExtensions.Invalid("prefix", Prefixes.Sentence);
        }

        if (await access.RefuseToManageAsync(request.Name!, "mcp.bundles.create", cancellationToken) is { } refusal)
        {
            return refusal;
        }

        var (members, problem) = await access.ReadAsync(request.Servers!, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (request.TokenLimit is { } limit && await budget.FindExcessAsync(members, limit, cancellationToken) is { } excess)
        {
            return ProblemExtensions.Invalid("token_limit", excess);
        }

        var bundle = Bundle.Create(request.Name!, request.Description, request.Prefix, request.Enabled, request.TokenLimit, members, user.Id, time.GetUtcNow());
        var visible = await access.VisibleServersAsync(cancellationToken);
        db.Add(bundle);
        db.AddToOutbox(activities.Create("mcp.bundles.create", ActivityOutcomes.Succeeded, "bundle", bundle.Name, newValues: BundleValues.Of(bundle, visible)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"There is a bundle named '{bundle.Name}' already: choose another name.");
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation })
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, "One of the servers was removed at the same moment: look at them, and try again.");
        }

        await registry.RefreshAsync(cancellationToken);
        return TypedResults.Created($"{BundlesApi.Route}/{bundle.Id}", BundleResponse.For(bundle, visible));
    }
}
