using McpPlatform.Contracts.Access;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Decisions;

/// <summary>Resources as enforcement knows them: of a connection also whose it is and with whom it is shared.</summary>
internal static class KnownResources
{
    /// <summary>Completes what can be completed. A connection that is not there, or whose owner is disabled, is of use to nobody: it is left out.</summary>
    /// <returns>By their text.</returns>
    public static async Task<Dictionary<string, AccessResource>> CompleteAsync(
        UsersDbContext db, IReadOnlyCollection<AccessResource> resources, CancellationToken cancellationToken)
    {
        var known = resources.Where(resource => resource.Kind != ResourceKind.Connection).DistinctBy(resource => resource.ToString()).ToDictionary(resource => resource.ToString());
        var connections = resources.Where(resource => resource.Kind == ResourceKind.Connection).Select(resource => resource.Name).ToHashSet(StringComparer.Ordinal);
        if (connections.Count > 0)
        {
            var found = await db.UsableConnections().AsNoTracking()
                .Where(profile => connections.Contains(profile.OwnerUsername + "/" + profile.Name)).ToListAsync(cancellationToken);
            foreach (var profile in found)
            {
                known[profile.Resource.ToString()] = profile.Resource;
            }
        }

        return known;
    }
}
