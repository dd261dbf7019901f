using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Tokens;

/// <summary>
/// When a key is made, signs and goes. A key is published before it signs, so that every process knows it when it first sees it; and it stays after its
/// successor has taken over, for as long as anything that it signed can still be presented.
/// </summary>
internal sealed class KeySchedule(IOptions<SigningKeysOptions> options, IOptions<TokensOptions> tokens)
{
    // The clock skew of services, and replicas whose clock or look into the table is behind.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    public TimeSpan PublishLead => options.Value.PublishLead;

    /// <summary>How long a key is kept when it does not sign any more.</summary>
    public TimeSpan Keep(SigningKeyUse use) => Margin + (use == SigningKeyUse.Access ? tokens.Value.AccessTokenLifetime : tokens.Value.RefreshTokenLifetime);

    /// <summary>The key of a kind that signs now: the newest whose time has come.</summary>
    public static SigningKey? Signing(IEnumerable<SigningKey> keys, SigningKeyUse use, DateTimeOffset now) =>
        keys.Where(key => key.Use == use && key.SignsFrom <= now).MaxBy(key => (key.SignsFrom, key.Id));

    /// <summary>From when a new key of a kind is to sign, if one must be made now; else null.</summary>
    /// <param name="keys">All keys.</param>
    /// <param name="readable">Those of them that can be decrypted.</param>
    /// <param name="use">The kind.</param>
    /// <param name="now">The time.</param>
    public DateTimeOffset? NextFrom(IReadOnlyCollection<SigningKey> keys, IReadOnlyCollection<SigningKey> readable, SigningKeyUse use, DateTimeOffset now)
    {
        // None yet, or the one that should sign is damaged: its predecessor is about to go.
        if (Signing(readable, use, now) is not { } signing || Signing(keys, use, now) != signing)
        {
            return now;
        }

        var newest = readable.Where(key => key.Use == use).Max(key => key.SignsFrom);
        return now + PublishLead >= newest + options.Value.Rotation ? now + PublishLead : null;
    }

    /// <summary>When a key is deleted; null while it has no successor.</summary>
    public DateTimeOffset? DeletedAt(SigningKey key, IEnumerable<SigningKey> readable) =>
        readable.Where(other => other.Use == key.Use && other.Id != key.Id && other.SignsFrom > key.SignsFrom).MinBy(other => other.SignsFrom)?.SignsFrom + Keep(key.Use);
}
