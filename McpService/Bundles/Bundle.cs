using McpPlatform.McpService.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Bundles;

/// <summary>A virtual MCP server: chosen servers, or chosen tools of them, at an address of its own, <c>/mcp/{name}</c>.</summary>
internal sealed class Bundle
{
    private Bundle()
    {
    }

    public Guid Id { get; private init; }

    public string Name { get; private init; } = string.Empty;

    public string? Description { get; private set; }

    /// <summary>One of <see cref="Prefixes"/>.</summary>
    public string Prefix { get; private set; } = Prefixes.OnConflict;

    public bool Enabled { get; private set; } = true;

    /// <summary>What its tools may cost of a model's context, in tokens; null for no limit.</summary>
    public int? TokenLimit { get; private set; }

    public List<BundleMember> Members { get; private set; } = [];

    public Guid? CreatedBy { get; private init; }

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public static Bundle Create(string name, string? description, string prefix, bool enabled, int? tokenLimit, IEnumerable<BundleMember> members, Guid createdBy, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Name = name,
        Description = string.IsNullOrWhiteSpace(description) ? null : description.Trim(),
        Prefix = prefix,
        Enabled = enabled,
        TokenLimit = tokenLimit,
        Members = [.. members],
        CreatedBy = createdBy,
        CreatedAt = now,
        UpdatedAt = now,
    };

    public void Change(string? description, string? prefix, bool? enabled, int? tokenLimit, IEnumerable<BundleMember>? members, DateTimeOffset now)
    {
        TokenLimit = tokenLimit is null ? TokenLimit : tokenLimit == 0 ? null : tokenLimit;
        Description = description is null ? Description : string.IsNullOrWhiteSpace(description) ? null : description.Trim();
        Prefix = prefix ?? Prefix;
        Enabled = enabled ?? Enabled;
        if (members is not null)
        {
            Members.Clear();
            Members.AddRange(members);
        }

        UpdatedAt = now;
    }
}

/// <summary>A server in a bundle.</summary>
internal sealed class BundleMember
{
    public Guid ServerId { get; init; }

    /// <summary>Where it stands: of two things with one name the first counts.</summary>
    public int Position { get; init; }

    /// <summary>The chosen tools, as the server names them; null for everything that it has.</summary>
    public string[]? Tools { get; init; }
}

/// <summary>When a tool's name begins with its server's.</summary>
internal static class Prefixes
{
    public const string Always = "always", OnConflict = "on_conflict", Never = "never";

    public const string Sentence = "The prefix must be 'always', 'on_conflict' or 'never'.";

    public static bool IsValid(string prefix) => prefix is Always or OnConflict or Never;
}

internal sealed class BundleConfiguration : IEntityTypeConfiguration<Bundle>
{
    public void Configure(EntityTypeBuilder<Bundle> builder)
    {
        builder.ToTable("bundles");
        builder.HasIndex(bundle => bundle.Name).IsUnique();
        builder.Property(bundle => bundle.Name).HasMaxLength(ServerNames.MaxLength);
        builder.Property(bundle => bundle.Description).HasMaxLength(1024);
        builder.Property(bundle => bundle.Prefix).HasMaxLength(16);
        builder.Property(bundle => bundle.UpdatedAt).IsConcurrencyToken();
        builder.OwnsMany(bundle => bundle.Members, member =>
        {
            member.ToTable("bundle_servers");
            member.WithOwner().HasForeignKey("BundleId");
            member.HasKey("BundleId", nameof(BundleMember.ServerId));
            member.Property(x => x.ServerId).ValueGeneratedNever();
            member.HasOne<Server>().WithMany().HasForeignKey(x => x.ServerId).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
