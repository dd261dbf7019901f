using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Requests;

/// <summary>One request through the Gateway; see <see cref="Contracts.Messages.RequestCompleted"/> for what each property means.</summary>
internal sealed class RequestLog : IEventRow
{
    public const int MaxMethodLength = 16, MaxUserAgentLength = 512;

    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    public required string Method { get; init; }

    public string? Route { get; init; }

    public string? Service { get; init; }

    public required string Path { get; init; }

    public int Status { get; init; }

    public double DurationMs { get; init; }

    public long? RequestBytes { get; init; }

    public long? ResponseBytes { get; init; }

    public string? ClientIp { get; init; }

    public string? UserAgent { get; init; }

    public Guid? UserId { get; init; }

    public string? Username { get; init; }

    public string? Error { get; init; }

    public string? TraceId { get; init; }
}

internal sealed class RequestLogConfiguration : IEntityTypeConfiguration<RequestLog>
{
    public void Configure(EntityTypeBuilder<RequestLog> builder)
    {
        builder.IsEventTable("request_logs");
        builder.Property(row => row.Method).HasMaxLength(RequestLog.MaxMethodLength);
        builder.Property(row => row.Route).HasMaxLength(EventRowConfiguration.MaxNameLength);
        builder.Property(row => row.Service).HasMaxLength(EventRowConfiguration.MaxNameLength);
        builder.Property(row => row.Path).HasMaxLength(EventRowConfiguration.MaxPathLength);
        builder.Property(row => row.ClientIp).HasMaxLength(EventRowConfiguration.MaxAddressLength);
        builder.Property(row => row.UserAgent).HasMaxLength(RequestLog.MaxUserAgentLength);
        builder.Property(row => row.Username).HasMaxLength(EventRowConfiguration.MaxNameLength);
        builder.Property(row => row.Error).HasMaxLength(EventRowConfiguration.MaxErrorLength);
        builder.Property(row => row.TraceId).HasMaxLength(EventRowConfiguration.TraceIdLength);

        // The few requests of one user among all; other filters read along the time.
        builder.HasIndex(row => new { row.UserId, row.OccurredAt }).HasFilter("user_id IS NOT NULL");
    }
}
