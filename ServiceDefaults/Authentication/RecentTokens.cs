using System.Collections.Concurrent;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>A token that was good when it was validated. Its claims are shared by all requests that carry it, and only ever read.</summary>
/// <param name="result">What validation found.</param>
/// <param name="keys">The keys of that moment: with others it is validated again.</param>
/// <param name="until">When it expires, the clock skew included.</param>
/// <param name="query">What to ask of it.</param>
internal sealed class KnownToken(TokenValidationResult result, object keys, DateTimeOffset until, RevocationQuery query)
{
    private readonly Lock gate = new();
    private Task<bool>? check;

    public TokenValidationResult Result => result;

    public object Keys => keys;

    public DateTimeOffset Until => until;

    public RevocationQuery Query => query;

    /// <summary>Revoked tokens stay so.</summary>
    public bool IsRevoked { get; set; }

    /// <summary>When it was last found alive, and at which <see cref="RevocationCheck.Epoch"/>.</summary>
    public Sighting? Alive { get; set; }

    /// <summary>Requests that carry the token at the same moment wait for one answer.</summary>
    public Task<bool> CheckOnceAsync(Func<KnownToken, Task<bool>> ask)
    {
        lock (gate)
        {
            return check is { IsCompleted: false } ? check : check = ask(this);
        }
    }

    public sealed record Sighting(long At, long Epoch);
}

/// <summary>
/// The tokens seen of late, at most <see cref="Most"/>, in two generations: when the younger one is full it becomes the older, and what nobody asked for
/// since falls out. Looked up by the token itself, which the entry holds anyway.
/// </summary>
internal sealed class RecentTokens
{
    public const int Most = 10_000;

    private ConcurrentDictionary<string, KnownToken> younger = new(StringComparer.Ordinal), older = new(StringComparer.Ordinal);
    private int added;

    public KnownToken? Find(string token)
    {
        if (younger.TryGetValue(token, out var known))
        {
            return known;
        }

        if (older.TryGetValue(token, out known))
        {
            known = Add(token, known);
        }

        return known;
    }

    /// <summary>Remembers a token. Requests that validated it side by side go on with one entry, and so with one question whether it was revoked.</summary>
    public KnownToken Add(string token, KnownToken known)
    {
        if (Interlocked.Increment(ref added) % (Most / 2) == 0)
        {
            older = Interlocked.Exchange(ref younger, new(StringComparer.Ordinal));
        }

        return younger.AddOrUpdate(token, known, (_, there) => ReferenceEquals(there.Keys, known.Keys) ? there : known);
    }
}
