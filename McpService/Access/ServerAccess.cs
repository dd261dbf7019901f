using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Access;

/// <summary>
/// Finds servers for the caller. One that is hidden is answered like one that is not there, and just as slowly: both leave a record, which alone tells them apart.
/// </summary>
internal sealed class ServerAccess(McpDbContext db, AccessDecider access, ActivityLog activities)
{
    /// <summary>Whether the caller may do this with the server.</summary>
    public bool Allows(string permission, Server server) => access.Decide(permission, AccessResource.Server(server.Name)).Allowed;

    /// <summary>The server, to look at.</summary>
    /// <param name="idOrName">What stands in the route.</param>
    /// <param name="permission">What for.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>Null when there is none, or none that the caller may use.</returns>
    public Task<Server?> FindAsync(string idOrName, string permission, CancellationToken cancellationToken) =>
        FindAsync(db.Servers.AsNoTracking(), idOrName, permission, cancellationToken);

    /// <summary>The server, to change it: the caller must see it and may manage it.</summary>
    /// <param name="idOrName">What stands in the route.</param>
    /// <param name="action">What is tried, for the record.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The server, or the problem to answer with: 404 for one that the caller does not see, else 403.</returns>
    public async Task<(Server? Server, ProblemHttpResult? Refusal)> FindToManageAsync(string idOrName, string action, CancellationToken cancellationToken)
    {
        if (await FindAsync(db.Servers, idOrName, Permissions.McpServersRead, cancellationToken) is not { } server)
        {
            return (null, ServerQueries.NotFound());
        }

        return await RefuseToManageAsync(server.Name, action, cancellationToken) is { } refusal ? (null, refusal) : (server, null);
    }

    /// <summary>Whether the caller may have a server of that name, be it there or not.</summary>
    /// <returns>The problem to answer with, or null.</returns>
    public async Task<ProblemHttpResult?> RefuseToManageAsync(string name, string action, CancellationToken cancellationToken) =>
        await RefuseAsync(Permissions.McpServersManage, name, action, $"You may not manage an MCP server named '{name}'.", cancellationToken);

    /// <summary>The same for a server of a transport: who manages one that runs as a process of the platform needs a permission more.</summary>
    public async Task<ProblemHttpResult?> RefuseToManageAsync(string name, string action, string transport, CancellationToken cancellationToken) =>
        await RefuseToManageAsync(name, action, cancellationToken)
        ?? (transport == Transports.Stdio
            ? await RefuseAsync(Permissions.McpServersManageStdio, name, action, $"You may not manage MCP servers that run as a process of the platform: that needs the permission {Permissions.McpServersManageStdio}.", cancellationToken)
            : null);

    private async Task<ProblemHttpResult?> RefuseAsync(string permission, string name, string action, string sentence, CancellationToken cancellationToken)
    {
        var decision = access.Decide(permission, AccessResource.Server(name));
        if (decision.Allowed)
        {
            return null;
        }

        await RecordAsync(action, name, decision, cancellationToken);
        return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, sentence);
    }

    private async Task<Server?> FindAsync(IQueryable<Server> servers, string idOrName, string permission, CancellationToken cancellationToken)
    {
        var server = await servers.FindServerAsync(idOrName, cancellationToken);
        var decision = access.Decide(permission, AccessResource.Server(server?.Name ?? idOrName));
        if (server is not null && decision.Allowed)
        {
            return server;
        }

        await RecordAsync(permission, server?.Name ?? idOrName, decision, cancellationToken);
        return null;
    }

    private async Task RecordAsync(string action, string server, AccessDecision decision, CancellationToken cancellationToken)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = decision.Allowed ? "unknown_server" : "access" };
        if (!decision.Allowed)
        {
            decision.Describe(details);
        }

        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Denied, "mcp_server", Targets.Of(server)) with { Details = details });
        await db.SaveChangesAsync(cancellationToken);
    }
}
