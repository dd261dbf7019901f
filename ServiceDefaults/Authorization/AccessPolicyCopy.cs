using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>The access policy in a service's own database: its replicas find it at once when they start, whoever else is away.</summary>
internal sealed class AccessPolicyCopy
{
    /// <summary>Always 1: there is one policy.</summary>
    public short Id { get; init; } = 1;

    public required long Version { get; init; }

    public required string Policy { get; init; }
}

internal sealed class AccessPolicyCopyConfiguration : IEntityTypeConfiguration<AccessPolicyCopy>
{
    public void Configure(EntityTypeBuilder<AccessPolicyCopy> builder)
    {
        builder.ToTable("access_policy", table => table.HasCheckConstraint("ck_access_policy_one_row", "id = 1"));
        builder.HasKey(copy => copy.Id);
        builder.Property(copy => copy.Id).ValueGeneratedNever();
        builder.Property(copy => copy.Policy).HasColumnType("jsonb");
    }
}
