using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.Revocations;

/// <summary>Access tokens that ended before they expire. Written in the transaction of the cause: this is the truth, of which Redis has a fast copy.</summary>
internal sealed class Revocation
{
    public required Guid Id { get; init; }

    /// <summary>The tokens' <c>sid</c>, where one session or API key ended.</summary>
    public Guid? SessionId { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>Where all of the user's ended: tokens with a lower <c>ver</c>.</summary>
    public long? Version { get; init; }

    /// <summary>From then on no such token is alive anyway.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When <see cref="RevocationKeeper"/> had it in Redis.</summary>
    public DateTimeOffset? CopiedAt { get; init; }

    public static Revocation Of(AccessRevoked fact, TimeSpan keep) => new()
    {
        Id = fact.EventId,
        SessionId = fact.SessionId is { } session ? Guid.Parse(session) : null,
        UserId = fact.UserId,
        Version = fact.Version,
        ExpiresAt = fact.OccurredAt + keep,
    };
}

internal sealed class RevocationConfiguration : IEntityTypeConfiguration<Revocation>
{
    public void Configure(EntityTypeBuilder<Revocation> builder)
    {
        builder.ToTable("revocations");
        builder.Property(one => one.Id).ValueGeneratedNever();
        builder.HasIndex(one => one.SessionId).HasFilter("session_id IS NOT NULL");
        builder.HasIndex(one => one.UserId).HasFilter("version IS NOT NULL");
        builder.HasIndex(one => one.ExpiresAt);
        builder.HasIndex(one => one.Id, "ix_revocations_to_copy").HasFilter("copied_at IS NULL");
    }
}
