using StackExchange.Redis;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>
/// Access tokens that ended before they expire: the fast copy in Redis of what AuthService's database knows. AuthService writes it; the Gateway and every
/// service look before they trust a token. What is found there holds; that something is not there counts only while the mark of completeness names
/// the very Redis process that answers (its run_id): it is gone after a flush, and names another one after a restart from an old snapshot or a failover.
/// </summary>
/// <param name="redis">Where it is kept.</param>
public sealed class RevocationList(IConnectionMultiplexer redis)
{
    /// <summary>The mark of completeness, and the fingerprint of the keys of the moment, both written by AuthService.</summary>
    public const string CompleteKey = "revoked:complete", SigningKeysKey = "signing-keys";

    private const int MostFailures = 3;

    private const string Find = """
        local found = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])
        local complete = found[1] and found[1] == string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
        return {complete and 1 or 0, found[2], found[3]}
        """;

    // Messages may be repeated: an old one must not bring tokens back.
    private const string RaiseVersion = """
        local current = tonumber(redis.call('GET', KEYS[1]) or '-1')
        if tonumber(ARGV[1]) > current then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
        """;

    // No request waits longer for Redis; after three failures in a row none waits at all until KeyWatch has reached it again.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);
    private static readonly RedisChannel Changed = RedisChannel.Literal("revoked");
    private int failures;
    private long epoch;

    /// <summary>Counts up when something was revoked: what was found alive before is looked up again.</summary>
    internal long Epoch => Volatile.Read(ref epoch);

    /// <summary>Ends the tokens of one session.</summary>
    /// <param name="sessionId">The tokens' <c>sid</c>.</param>
    /// <param name="keep">How long an access token can still live: after that the entry is of no use.</param>
    /// <param name="announce">False where it is only written again: nobody need look at once.</param>
    /// <returns>When it is written; it is in force everywhere within a second.</returns>
    /// <exception cref="RedisException">Redis did not take it.</exception>
    public Task RevokeSessionAsync(string sessionId, TimeSpan keep, bool announce = true) =>
        AnnounceAsync(redis.GetDatabase().StringSetAsync(SessionKey(sessionId), "1", keep), announce);

    /// <summary>Ends all of a user's tokens of an older version.</summary>
    /// <param name="userId">The tokens' <c>sub</c>.</param>
    /// <param name="version">Tokens whose <c>ver</c> is lower end. A lower version than is in force changes nothing.</param>
    /// <param name="keep">How long an access token can still live.</param>
    /// <param name="announce">False where it is only written again: nobody need look at once.</param>
    /// <returns>When it is written; it is in force everywhere within a second.</returns>
    /// <exception cref="RedisException">Redis did not take it.</exception>
    public Task RevokeUserAsync(Guid userId, long version, TimeSpan keep, bool announce = true) =>
        AnnounceAsync(redis.GetDatabase().ScriptEvaluateAsync(RaiseVersion, [UserKey(userId.ToString())], [version, (long)keep.TotalMilliseconds]), announce);

    /// <summary>The same for the same signing keys in any order.</summary>
    /// <param name="keyIds">Their <c>kid</c>.</param>
    /// <returns>16 hexadecimal digits.</returns>
    public static string Fingerprint(IEnumerable<string> keyIds) => PlatformKeys.Fingerprint(keyIds);

    /// <summary>Looks a token up, in one round trip.</summary>
    /// <returns>Null where Redis cannot tell.</returns>
    internal async Task<bool?> FindAsync(RevocationQuery query)
    {
        if (Volatile.Read(ref failures) >= MostFailures
            || await TryAsync(db => db.ScriptEvaluateAsync(Find, [CompleteKey, SessionKey(query.Session), UserKey(query.User)])) is not { } found)
        {
            return null;
        }

        var revoked = !found[1].IsNull || (!found[2].IsNull && query.Version < (long)found[2]);
        return revoked ? true : (int)found[0] == 1 ? false : null;
    }

    /// <summary>Reads the fingerprint of the keys that AuthService signs with, also where no request asks Redis any more.</summary>
    /// <returns>Null where Redis does not know.</returns>
    internal async Task<string?> ReadKeysAsync() => await TryAsync(async db => (string?)await db.StringGetAsync(SigningKeysKey) ?? string.Empty) is { Length: > 0 } known ? known : null;

    /// <summary>From now on a revocation that is written by whatever process is looked up at the next request.</summary>
    internal async Task<bool> TryListenAsync()
    {
        try
        {
            await redis.GetSubscriber().SubscribeAsync(Changed, (_, _) => Interlocked.Increment(ref epoch));
            return true;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return false;
        }
    }

    private async Task AnnounceAsync(Task written, bool announce)
    {
        await written;
        if (!announce)
        {
            return;
        }

        Interlocked.Increment(ref epoch);
        await redis.GetSubscriber().PublishAsync(Changed, RedisValue.EmptyString, CommandFlags.FireAndForget);
    }

    private async Task<T?> TryAsync<T>(Func<IDatabase, Task<T>> ask)
        where T : class
    {
        try
        {
            var answer = await ask(redis.GetDatabase()).WaitAsync(Patience);
            Volatile.Write(ref failures, 0);
            return answer;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            Interlocked.Increment(ref failures);
            return null;
        }
    }

    private static RedisKey SessionKey(string sessionId) => "revoked:session:" + sessionId;

    private static RedisKey UserKey(string userId) => "revoked:user:" + userId;
}
