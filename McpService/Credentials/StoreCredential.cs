using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

/// <summary>What to show a server.</summary>
/// <param name="Headers">HTTP headers, such as <c>Authorization</c> with <c>Bearer …</c>, or <c>X-API-Key</c>. They replace those that were stored.</param>
public sealed record StoreCredentialRequest([Required(ErrorMessage = "The headers are required: an object of header names and values.")] IReadOnlyDictionary<string, string>? Headers);

/// <summary>Parts that storing and removing need.</summary>
internal sealed record CredentialServices(
    McpDbContext Db, ServerAccess Access, CurrentUser User, ActivityLog Activities, SecretProtector Protector, TokenGrants Grants, Registry Registry, SweepSignal Sweep, TimeProvider Time);

internal static class StoreCredential
{
    public static async Task<Results<Ok<CredentialResponse>, ProblemHttpResult, ValidationProblem>> ForServerAsync(
        string id, StoreCredentialRequest request, [AsParameters] CredentialServices services, CancellationToken cancellationToken)
    {
        var (server, refusal) = await services.Access.FindToManageAsync(id, "mcp.credentials.store", cancellationToken);
        return server is null ? refusal! : await StoreAsync(server, null, request, services, cancellationToken);
    }

    public static async Task<Results<Ok<CredentialResponse>, ProblemHttpResult, ValidationProblem>> ForMeAsync(
        string id, StoreCredentialRequest request, [AsParameters] CredentialServices services, CancellationToken cancellationToken) =>
        await services.Access.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is { } server
            ? await StoreAsync(server, services.User.Id, request, services, cancellationToken)
            : ServerQueries.NotFound();

    private static async Task<Results<Ok<CredentialResponse>, ProblemHttpResult, ValidationProblem>> StoreAsync(
        Server server, Guid? user, StoreCredentialRequest request, CredentialServices services, CancellationToken cancellationToken)
    {
        if (CredentialHeaders.FindMistake(request.Headers!) is { } mistake)
        {
            return ProblemExtensions.Invalid("headers", mistake);
        }

        if (server.Transport is not (Transports.Http or Transports.Sse))
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' is not reached over HTTP, so it has no headers.");
        }

        var (db, now) = (services.Db, services.Time.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.EndSessionsAsync(server.Id, now, cancellationToken) == 0)
        {
            return ServerQueries.NotFound();
        }

        var credential = await db.Credentials.AsTracking().SingleOrDefaultAsync(row => row.ServerId == server.Id && row.UserId == user, cancellationToken);
        var old = credential is null ? null : new { credential.HeaderNames };
        if (credential is null)
        {
            credential = UpstreamCredential.Create(server.Id, user, now);
            db.Add(credential);
        }

        credential.Set(services.Protector, request.Headers!, now);
        db.AddToOutbox(services.Activities.Create("mcp.credentials.store", ActivityOutcomes.Succeeded, "mcp_server", server.Name, old, new { Owner = user is null ? CredentialOwners.Server : CredentialOwners.User, credential.HeaderNames }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await services.Registry.RefreshAsync(cancellationToken);
        services.Sweep.Wake();
        return TypedResults.Ok(await GetCredential.ReadAsync(db, server, services.User.Id, cancellationToken));
    }
}
