using McpPlatform.McpService.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Tools;

/// <summary>A tool as its server defined it when it was last listed. Written by <see cref="ToolCatalogue"/> in one statement.</summary>
internal sealed class Tool
{
    public const int MaxNameLength = 256;

    public Guid ServerId { get; private init; }

    public string Name { get; private init; } = string.Empty;

    /// <summary>The definition, byte for byte as it was listed.</summary>
    public string Definition { get; private init; } = string.Empty;

    /// <summary>SHA-256 of the definition in canonical form, hexadecimal: the same for another order of keys, another for another word.</summary>
    public string DefinitionHash { get; private init; } = string.Empty;

    public DateTimeOffset FirstSeenAt { get; private init; }

    /// <summary>When it was last listed, to within five minutes.</summary>
    public DateTimeOffset LastSeenAt { get; private init; }

    /// <summary>When its server no longer listed it.</summary>
    public DateTimeOffset? RemovedAt { get; private init; }
}

internal sealed class ToolConfiguration : IEntityTypeConfiguration<Tool>
{
    public void Configure(EntityTypeBuilder<Tool> builder)
    {
        builder.ToTable("mcp_tools");
        builder.HasKey(tool => new { tool.ServerId, tool.Name });
        builder.Property(tool => tool.Name).HasMaxLength(Tool.MaxNameLength);
        builder.HasOne<Server>().WithMany().HasForeignKey(tool => tool.ServerId).OnDelete(DeleteBehavior.Cascade);

        // json, not jsonb: jsonb would reorder keys, merge double ones and refuse \u0000, and a definition is evidence.
        builder.Property(tool => tool.Definition).HasColumnType("json");
        builder.Property(tool => tool.DefinitionHash).HasMaxLength(64).IsFixedLength();
    }
}
