using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Definitions;
using McpPlatform.McpService.Health;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Servers;

internal sealed class ServerConfiguration : IEntityTypeConfiguration<Server>
{
    public void Configure(EntityTypeBuilder<Server> builder)
    {
        builder.ToTable("mcp_servers");
        builder.HasKey(server => server.Id);
        builder.Ignore(server => server.Launch);
        builder.Property(server => server.Id).ValueGeneratedNever();
        builder.Property(server => server.Name).HasMaxLength(ServerNames.MaxLength);
        builder.HasIndex(server => server.Name).IsUnique();
        builder.Property(server => server.Description).HasMaxLength(1024);
        builder.Property(server => server.Transport).HasMaxLength(8);
        builder.Property(server => server.DefinitionLock).HasMaxLength(8).HasDefaultValue(DefinitionLock.Changes);
        builder.Property(server => server.CredentialOwner).HasMaxLength(8).HasDefaultValue(CredentialOwners.Server);
        builder.Property(server => server.Auth).HasColumnType("jsonb").HasConversion(auth => UpstreamAuth.Write(auth!), json => UpstreamAuth.Read(json));
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
            health.Property(x => x.ConsecutiveSlow).HasColumnName("consecutive_slow");
            health.Property(x => x.CheckedAt).HasColumnName("checked_at");
            health.Property(x => x.NextCheckAt).HasColumnName("next_check_at");
            Part(health.ComplexProperty(x => x.Reachable), "reachable");
            Part(health.ComplexProperty(x => x.Protocol), "protocol");
            Part(health.ComplexProperty(x => x.Credential), "credential");
        });
    }

    private static void Part(ComplexPropertyBuilder<PartHealth> part, string name)
    {
        part.Property(x => x.State).HasColumnName($"{name}_state").HasMaxLength(16).HasDefaultValue(PartHealth.Unknown);
        part.Property(x => x.Cause).HasColumnName($"{name}_cause").HasMaxLength(1024);
        part.Property(x => x.LatencyMs).HasColumnName($"{name}_latency_ms");
        part.Property(x => x.Failures).HasColumnName($"{name}_failures");
        part.Property(x => x.Since).HasColumnName($"{name}_since");
        part.Property(x => x.CheckedAt).HasColumnName($"{name}_checked_at");
        part.Property(x => x.LastOkAt).HasColumnName($"{name}_last_ok_at");
    }
}
