using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

internal static class RemoveCredential
{
    public static async Task<Results<NoContent, ProblemHttpResult>> ForServerAsync(string id, [AsParameters] CredentialServices services, CancellationToken cancellationToken)
    {
        var (server, refusal) = await services.Access.FindToManageAsync(id, "mcp.credentials.remove", cancellationToken);
        return server is null ? refusal! : await RemoveAsync(server, null, services, cancellationToken);
    }

    public static async Task<Results<NoContent, ProblemHttpResult>> ForMeAsync(string id, [AsParameters] CredentialServices services, CancellationToken cancellationToken) =>
        await services.Access.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is { } server
            ? await RemoveAsync(server, services.User.Id, services, cancellationToken)
            : ServerQueries.NotFound();

    // What is not there is removed already.
    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(Server server, Guid? user, CredentialServices services, CancellationToken cancellationToken)
    {
        var (db, now) = (services.Db, services.Time.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.EndSessionsAsync(server.Id, now, cancellationToken);
        var token = await db.UpstreamTokens.AsNoTracking().SingleOrDefaultAsync(row => row.ServerId == server.Id && row.UserId == user, cancellationToken);
        var count = await db.Credentials.Where(row => row.ServerId == server.Id && row.UserId == user).ExecuteDeleteAsync(cancellationToken)
            + await db.UpstreamTokens.Where(row => row.ServerId == server.Id && row.UserId == user).ExecuteDeleteAsync(cancellationToken);
        if (count > 0)
        {
            db.AddToOutbox(services.Activities.Create(
                "mcp.credentials.remove", ActivityOutcomes.Succeeded, "mcp_server", server.Name, new { Owner = user is null ? CredentialOwners.Server : CredentialOwners.User }));
            await db.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        await services.Registry.RefreshAsync(cancellationToken);
        services.Sweep.Wake();
        await services.Grants.EndAsync(token, services.Protector, cancellationToken);
        return TypedResults.NoContent();
    }
}
