using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Bundles;

/// <summary>Finds bundles for the caller. One that is hidden is answered like one that is not there; both leave a record.</summary>
internal sealed class BundleAccess(McpDbContext db, AccessDecider access, ActivityLog activities)
{
    public bool Allows(string permission, string name) => access.Decide(permission, AccessResource.Bundle(name)).Allowed;

    /// <summary>A bundle to look at.</summary>
    public async Task<Bundle?> FindAsync(string idOrName, string action, CancellationToken cancellationToken)
    {
        var bundle = Guid.TryParse(idOrName, out var id)
            ? await db.Bundles.SingleOrDefaultAsync(row => row.Id == id, cancellationToken)
            : await db.Bundles.SingleOrDefaultAsync(row => row.Name == idOrName, cancellationToken);
        var decision = access.Decide(Permissions.McpServersRead, AccessResource.Bundle(bundle?.Name ?? idOrName));
        if (bundle is not null && decision.Allowed)
        {
            return bundle;
        }

        await RecordAsync(action, bundle?.Name ?? idOrName, decision, cancellationToken);
        return null;
    }

    /// <summary>A bundle to change: 404 for one that the caller does not see, 403 for one that is not the caller's to manage.</summary>
    public async Task<(Bundle? Bundle, ProblemHttpResult? Refusal)> FindToManageAsync(string idOrName, string action, CancellationToken cancellationToken) =>
        await FindAsync(idOrName, action, cancellationToken) is not { } bundle ? (null, NotFound())
            : await RefuseToManageAsync(bundle.Name, action, cancellationToken) is { } refusal ? (null, refusal) : (bundle, null);

    /// <summary>Whether the caller may have a bundle of that name, be it there or not.</summary>
    /// <returns>The problem to answer with, or null.</returns>
    public async Task<ProblemHttpResult?> RefuseToManageAsync(string name, string action, CancellationToken cancellationToken)
    {
        var decision = access.Decide(Permissions.McpBundlesManage, AccessResource.Bundle(name));
        if (decision.Allowed)
        {
            return null;
        }

        await RecordAsync(action, name, decision, cancellationToken);
        return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, $"You may not manage a bundle named '{name}'.");
    }

    /// <summary>The names of the servers that the caller may see.</summary>
    public async Task<Dictionary<Guid, string>> VisibleServersAsync(CancellationToken cancellationToken)
    {
        var servers = await db.Servers.AsNoTracking().Select(server => new { server.Id, server.Name }).ToListAsync(cancellationToken);
        return servers.Where(server => access.Decide(Permissions.McpServersRead, AccessResource.Server(server.Name)).Allowed).ToDictionary(server => server.Id, server => server.Name);
    }

    /// <summary>Reads what a request says is in a bundle.</summary>
    /// <returns>The members, or the problem to answer with.</returns>
    public async Task<(List<BundleMember> Members, ValidationProblem? Problem)> ReadAsync(IReadOnlyList<BundleServerRequest?> servers, CancellationToken cancellationToken)
    {
        List<BundleMember> members = [];
        if (BundleMembers.FindMistake(servers) is { } mistake)
        {
            return (members, ProblemExtensions.Invalid("servers", mistake));
        }

        var visible = await VisibleServersAsync(cancellationToken);
        foreach (var server in servers)
        {
            var id = Guid.TryParse(server!.Name, out var given) && visible.ContainsKey(given) ? given : visible.FirstOrDefault(row => row.Value == server.Name).Key;
            if (id == Guid.Empty)
            {
                return (members, ProblemExtensions.Invalid("servers", ServerQueries.NotFoundSentence));
            }

            if (members.Exists(member => member.ServerId == id))
            {
                return (members, ProblemExtensions.Invalid("servers", $"The server '{visible[id]}' is named twice: name it once."));
            }

            members.Add(new() { ServerId = id, Position = members.Count, Tools = server.Tools?.Distinct(StringComparer.Ordinal).ToArray() });
        }

        return (members, null);
    }

    public static ProblemHttpResult NotFound() => ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no bundle with that id or name, or none that you may use.");

    private async Task RecordAsync(string action, string bundle, AccessDecision decision, CancellationToken cancellationToken)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = decision.Allowed ? "unknown_bundle" : "access" };
        if (!decision.Allowed)
        {
            decision.Describe(details);
        }

        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Denied, "bundle", Targets.Of(bundle)) with { Details = details });
        await db.SaveChangesAsync(cancellationToken);
    }
}
