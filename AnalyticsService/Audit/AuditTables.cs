using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>The place of an activity in the chain of its day. The table has the partitions of the activities.</summary>
internal sealed class AuditLink : IEventRow
{
    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    /// <summary>From 1, without a gap, in each day (UTC) of <see cref="OccurredAt"/>; in the order in which activities became known.</summary>
    public long Sequence { get; init; }

    public required byte[] RowHash { get; init; }

    public required byte[] ChainHash { get; init; }

    /// <summary>Null of a person that was erased, and of a row that was missing from the first.</summary>
    public byte[]? Salt { get; init; }

    /// <summary>What the personal part was, where it was erased.</summary>
    public byte[]? PersonalHash { get; init; }

    /// <summary>The activity that tells of the erasure.</summary>
    public Guid? ErasureId { get; init; }
}

/// <summary>An activity that has no place in the chain yet; written in the transaction of the activity.</summary>
internal sealed class AuditPending
{
    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }
}

/// <summary>How far the chain of a day has come.</summary>
internal sealed class AuditDay
{
    public DateOnly Day { get; init; }

    public long Sequence { get; init; }

    public required byte[] ChainHash { get; init; }

    /// <summary>The sequence of its last checkpoint; 0 when there is none.</summary>
    public long Checkpointed { get; init; }
}

/// <summary>A signature over the chain of a day up to a link, and over the checkpoint before. They are never dropped.</summary>
internal sealed class AuditCheckpoint
{
    /// <summary>From 1, without a gap.</summary>
    public long Number { get; init; }

    public DateOnly Day { get; init; }

    public long Sequence { get; init; }

    /// <summary>That of the link.</summary>
    public required byte[] ChainHash { get; init; }

    /// <summary>To the millisecond.</summary>
    public DateTimeOffset SealedAt { get; init; }

    /// <summary>The hash of the checkpoint before; of nothing but zeros for the first.</summary>
    public required byte[] PreviousHash { get; init; }

    public required string KeyId { get; init; }

    /// <summary>ECDSA with P-256 and SHA-256 over <see cref="AuditHash.Checkpoint"/>, as IEEE P1363 has it (r and s).</summary>
    public required byte[] Signature { get; init; }

    /// <summary>The same with a signature.</summary>
    public AuditCheckpoint Signed(byte[] signature) => new()
    {
        Number = Number, Day = Day, Sequence = Sequence, ChainHash = ChainHash, SealedAt = SealedAt, PreviousHash = PreviousHash, KeyId = KeyId, Signature = signature,
    };
}

/// <summary>A key that signs checkpoints.</summary>
internal sealed class AuditKey
{
    public required string KeyId { get; init; }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public required byte[] PublicKey { get; init; }

    /// <summary>PKCS#8, encrypted.</summary>
    public required byte[] ProtectedKey { get; init; }

    /// <summary>Under which of the operator's keys.</summary>
    public required string SecretKey { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The partitions of the links come and go with those of the activities.</summary>
internal sealed class AuditChainTable() : EventTable("audit_chain", retention => retention.ActivityDays)
{
    public const string Links = $"{AnalyticsDbContext.Schema}.audit_chain", Pending = $"{AnalyticsDbContext.Schema}.audit_pending", Days = $"{AnalyticsDbContext.Schema}.audit_days",
        Checkpoints = $"{AnalyticsDbContext.Schema}.audit_checkpoints", Keys = $"{AnalyticsDbContext.Schema}.audit_keys", Activities = $"{AnalyticsDbContext.Schema}.user_activities";
}

internal sealed class AuditLinkConfiguration : IEntityTypeConfiguration<AuditLink>
{
    public void Configure(EntityTypeBuilder<AuditLink> builder)
    {
        builder.ToTable("audit_chain");
        builder.HasKey(link => new { link.EventId, link.OccurredAt });
        builder.HasIndex(link => link.Sequence);
    }
}

internal sealed class AuditPendingConfiguration : IEntityTypeConfiguration<AuditPending>
{
    public void Configure(EntityTypeBuilder<AuditPending> builder)
    {
        builder.HasNoKey();
        builder.ToTable("audit_pending");
        builder.HasIndex(pending => pending.OccurredAt);
    }
}

internal sealed class AuditDayConfiguration : IEntityTypeConfiguration<AuditDay>
{
    public void Configure(EntityTypeBuilder<AuditDay> builder)
    {
        builder.ToTable("audit_days");
        builder.HasKey(day => day.Day);
    }
}

internal sealed class AuditCheckpointConfiguration : IEntityTypeConfiguration<AuditCheckpoint>
{
    public void Configure(EntityTypeBuilder<AuditCheckpoint> builder)
    {
        builder.ToTable("audit_checkpoints");
        builder.HasKey(checkpoint => checkpoint.Number);
        builder.Property(checkpoint => checkpoint.Number).ValueGeneratedNever();
        builder.Property(checkpoint => checkpoint.KeyId).HasMaxLength(64);
        builder.HasIndex(checkpoint => new { checkpoint.Day, checkpoint.Sequence });
    }
}

internal sealed class AuditKeyConfiguration : IEntityTypeConfiguration<AuditKey>
{
    public void Configure(EntityTypeBuilder<AuditKey> builder)
    {
        builder.ToTable("audit_keys");
        builder.HasKey(key => key.KeyId);
        builder.Property(key => key.KeyId).HasMaxLength(64);
        builder.Property(key => key.SecretKey).HasMaxLength(256);
    }
}
