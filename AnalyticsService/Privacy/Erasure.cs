using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Privacy;

/// <summary>A person's data that somebody asked to be erased.</summary>
internal sealed class Erasure
{
    public const int MaxReasonLength = 512;

    /// <summary>Also that of the activity that tells of it.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose; null when it is done.</summary>
    public Guid? UserId { get; init; }

    /// <summary>What stands in the place of the person's id from then on, so that figures remain what they were.</summary>
    public Guid Pseudonym { get; init; }

    public string? Reason { get; init; }

    public required string RequestedBy { get; init; }

    public DateTimeOffset RequestedAt { get; init; }

    /// <summary>Null while it is under way.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Rows that were changed.</summary>
    public long Rows { get; init; }
}

internal sealed class ErasureConfiguration : IEntityTypeConfiguration<Erasure>
{
    public void Configure(EntityTypeBuilder<Erasure> builder)
    {
        builder.ToTable("erasures");
        builder.Property(erasure => erasure.Id).ValueGeneratedNever();
        builder.Property(erasure => erasure.Reason).HasMaxLength(Erasure.MaxReasonLength);
        builder.Property(erasure => erasure.RequestedBy).HasMaxLength(256);
        builder.HasIndex(erasure => erasure.RequestedAt);
    }
}
