using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Revocations;

/// <summary>The truth about revocations, for this service itself and for all others while Redis cannot tell.</summary>
internal sealed class DatabaseRevocations(IServiceScopeFactory scopes, KeyRing ring, TimeProvider time) : IRevocationTruth
{
    public async Task<RevocationAnswer> AskAsync(IReadOnlyList<RevocationQuery> queries, CancellationToken cancellationToken)
    {
        var keys = RevocationList.Fingerprint(ring.Current.Published.Select(key => key.Key.KeyId));
        if (queries.Count == 0)
        {
            return new([], keys);
        }

        var asked = queries.Select(query => (Session: IdOf(query?.Session), User: IdOf(query?.User), Version: query?.Version ?? 0)).ToList();
        var (sessions, users, now) = (asked.Select(one => one.Session).ToList(), asked.Select(one => one.User).ToList(), time.GetUtcNow());
        await using var scope = scopes.CreateAsyncScope();
        var live = scope.ServiceProvider.GetRequiredService<AuthDbContext>().Revocations.AsNoTracking().Where(one => one.ExpiresAt > now);
        var found = await live
            .Where(one => (one.SessionId != null && sessions.Contains(one.SessionId)) || (one.Version != null && users.Contains(one.UserId)))
            .Select(one => new { one.SessionId, one.UserId, one.Version })
            .ToListAsync(cancellationToken);
        var ended = found.Where(one => one.SessionId is not null).Select(one => one.SessionId).ToHashSet();
        var versions = found.Where(one => one.Version is not null).GroupBy(one => one.UserId).ToDictionary(group => group.Key, group => group.Max(one => one.Version));
        return new(
            [.. asked.Select(one => (one.Session is not null && ended.Contains(one.Session)) || (one.User is { } user && one.Version < versions.GetValueOrDefault(user)))],
            keys);
    }

    private static Guid? IdOf(string? text) => Guid.TryParse(text, out var id) ? id : null;
}
