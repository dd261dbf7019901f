using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.McpServers;

/// <summary>One health check of one MCP server; see <see cref="Contracts.Messages.McpServerChecked"/> for what each property means.</summary>
internal sealed class McpServerStatus : IEventRow
{
    public const int MaxStatusLength = 16;

    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    public Guid ServerId { get; init; }

    public required string ServerName { get; init; }

    public required string Status { get; init; }

    public double LatencyMs { get; init; }

    public int? ToolCount { get; init; }

    public string? Error { get; init; }
}

internal sealed class McpServerStatusConfiguration : IEntityTypeConfiguration<McpServerStatus>
{
    public void Configure(EntityTypeBuilder<McpServerStatus> builder)
    {
        builder.IsEventTable("mcp_server_status");
        builder.Property(row => row.ServerName).HasMaxLength(EventRowConfiguration.MaxNameLength);
        builder.Property(row => row.Status).HasMaxLength(McpServerStatus.MaxStatusLength);
        builder.Property(row => row.Error).HasMaxLength(EventRowConfiguration.MaxErrorLength);
        builder.HasIndex(row => new { row.ServerId, row.OccurredAt });
    }
}
