using McpPlatform.AuthService.Accounts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>A key for programs: it stands for its owner, with some of their permissions, until it expires. The key itself is not kept.</summary>
internal sealed class ApiKey
{
    public const int MaxPerUser = 50;
    public const int MaxNameLength = 100;
    public const int MaxScopes = 64;

    /// <summary>The <c>sid</c> of the tokens that are given for it.</summary>
    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>What its owner calls it.</summary>
    public required string Name { get; init; }

    /// <summary>The part of the key that names it; see <see cref="Contracts.Identity.ApiKeyFormat"/>.</summary>
    public required string PublicName { get; init; }

    /// <summary>SHA-256 of the whole key.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>What it may do, as far as its owner may.</summary>
    public required IReadOnlyList<string> Permissions { get; init; }

    /// <summary>The resources that it may be used on; none: no limit.</summary>
    public required IReadOnlyList<string> Limits { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was last exchanged for a token. Written at most once a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    /// <summary>When it was last refused, so that the audit trail says it at most once a minute.</summary>
    public DateTimeOffset? LastRefusedAt { get; private set; }
}

internal sealed class ApiKeyConfiguration : IEntityTypeConfiguration<ApiKey>
{
    public void Configure(EntityTypeBuilder<ApiKey> builder)
    {
        builder.ToTable("api_keys");
        builder.Property(key => key.Id).ValueGeneratedNever();
        builder.Property(key => key.Name).HasMaxLength(ApiKey.MaxNameLength);
        builder.Property(key => key.PublicName).HasMaxLength(16);
        builder.Property(key => key.Hash).HasMaxLength(32);
        builder.Property(key => key.Permissions).HasColumnType("text[]");
        builder.Property(key => key.Limits).HasColumnType("text[]");
        builder.HasIndex(key => key.PublicName).IsUnique();
        builder.HasIndex(key => new { key.UserId, key.Id });
        builder.HasOne<Account>().WithMany().HasForeignKey(key => key.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
