using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Pruning;

/// <summary>Removes clients that introduced themselves and that no user let in within a day, or for a year (<see cref="PruningOptions.UnusedClientDays"/>).</summary>
internal sealed class PruneClients(AuthDbContext db, IOpenIddictApplicationManager applications, IOptions<PruningOptions> options, TimeProvider time)
{
    /// <summary>For the first user, who may have to ask somebody before.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    /// <summary>Removes some.</summary>
    /// <returns>How many were looked at.</returns>
    public async Task<int> RunAsync(int most, CancellationToken cancellationToken)
    {
        // OpenIddict's rows of a client are removed one by one, so the replicas take turns.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await db.Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(hashtextextended('auth.prune_clients', 0)) AS \"Value\"").SingleAsync(cancellationToken))
        {
            return 0;
        }

        // A session can go on for longer without its user: as long as it does, somebody uses the client.
        var now = time.GetUtcNow();
        var (never, lately) = (now - Patience, now - options.Value.UnusedClients);
        var unused = await db.ClientRegistrations.AsNoTracking()
            .Where(client => client.UsedAt == null ? client.CreatedAt < never : client.UsedAt < lately)
            .Where(client => !db.IssuedTokens.Any(token => token.Application!.ClientId == client.ClientId && token.ExpirationDate > now.UtcDateTime))
            .OrderBy(client => client.CreatedAt).Take(most).ToListAsync(cancellationToken);
        foreach (var registration in unused)
        {
            // Taken by this statement, or let in by somebody a moment ago.
            var taken = await db.ClientRegistrations.Where(client => client.ClientId == registration.ClientId && client.UsedAt == registration.UsedAt)
                .ExecuteDeleteAsync(cancellationToken);
            if (taken == 1 && await applications.FindByClientIdAsync(registration.ClientId, cancellationToken) is { } client)
            {
                await applications.DeleteAsync(client, cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return unused.Count;
    }
}
