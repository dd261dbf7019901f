using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Servers;

internal sealed class ServerConfiguration : IEntityTypeConfiguration<Server>
{
    public void Configure(EntityTypeBuilder<Server> builder)
    {
        builder.ToTable("mcp_servers");
        builder.HasKey(server => server.Id);
        builder.Property(server => server.Id).ValueGeneratedNever();
        builder.Property(server => server.Name).HasMaxLength(ServerNames.MaxLength);
        builder.HasIndex(server => server.Name).IsUnique();
        builder.Property(server => server.Description).HasMaxLength(1024);
        builder.Property(server => server.Transport).HasMaxLength(8);
        builder.Property(server => server.Url).HasMaxLength(ServerUrls.MaxLength);

        // Not the row's version: the monitor writes the health into the same row every few seconds, and that is no conflict with an edit.
        builder.Property(server => server.UpdatedAt).IsConcurrencyToken();
        builder.ComplexProperty(server => server.Health, health =>
        {
            health.Property(x => x.Status).HasColumnName("status").HasMaxLength(16);
            health.Property(x => x.Cause).HasColumnName("status_cause").HasMaxLength(1024);
            health.Property(x => x.LatencyMs).HasColumnName("latency_ms");
            health.Property(x => x.ToolCount).HasColumnName("tool_count");
            health.Property(x => x.ProtocolVersion).HasColumnName("protocol_version").HasMaxLength(32);
            health.Property(x => x.ConsecutiveFailures).HasColumnName("consecutive_failures");
            health.Property(x => x.CheckedAt).HasColumnName("checked_at");
            health.Property(x => x.LastGoodCallAt).HasColumnName("last_good_call_at");
        });
    }
}
