using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>A row of <c>rollups</c>, for the model; it is written and read in SQL (<see cref="RollupSql"/>).</summary>
internal sealed class StoredRollup
{
    public Grain Grain { get; init; }

    public required string Source { get; init; }

    public required string Dimension { get; init; }

    /// <summary>When its range begins.</summary>
    public DateTimeOffset Bucket { get; init; }

    public required string Value { get; init; }

    public long Count { get; init; }

    public long Refused { get; init; }

    public long Failed { get; init; }

    public double Total { get; init; }

    public long RequestBytes { get; init; }

    public long ResponseBytes { get; init; }

    public DateTimeOffset LastAt { get; init; }

    /// <summary>The <see cref="LatencySketch"/>, as <see cref="SketchFormat"/> has it.</summary>
    public required byte[] Sketch { get; init; }
}

/// <summary>
/// A range of a table whose rollups have to be counted anew, since rows came into it. It is added in the transaction of those rows, and taken away in that which counts. There may be
/// several of one range: nobody waits for anybody to add one.
/// </summary>
internal sealed class RollupMark
{
    public long Id { get; init; }

    public required string TableName { get; init; }

    public Grain Grain { get; init; }

    public DateTimeOffset Bucket { get; init; }
}

internal sealed class StoredRollupConfiguration : IEntityTypeConfiguration<StoredRollup>
{
    // Names are compared byte by byte: quicker, and nobody sorts by them.
    private const string Bytewise = "C";

    public void Configure(EntityTypeBuilder<StoredRollup> builder)
    {
        builder.ToTable("rollups");
        builder.HasKey(row => new { row.Grain, row.Source, row.Dimension, row.Bucket, row.Value });
        builder.Property(row => row.Source).HasMaxLength(32).UseCollation(Bytewise);
        builder.Property(row => row.Dimension).HasMaxLength(32).UseCollation(Bytewise);
        builder.Property(row => row.Value).UseCollation(Bytewise);

        // The course of one of many, such as a user.
        builder.HasIndex(row => new { row.Grain, row.Source, row.Dimension, row.Value, row.Bucket });
    }
}

internal sealed class RollupMarkConfiguration : IEntityTypeConfiguration<RollupMark>
{
    public void Configure(EntityTypeBuilder<RollupMark> builder)
    {
        builder.ToTable("rollup_marks");
        builder.Property(row => row.Id).UseIdentityAlwaysColumn();
        builder.Property(row => row.TableName).HasMaxLength(64);
        builder.HasIndex(row => new { row.TableName, row.Grain, row.Bucket });
    }
}
