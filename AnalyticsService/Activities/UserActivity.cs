using System.Text.Json;
using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Activities;

/// <summary>One entry of the audit trail; see <see cref="Contracts.Messages.ActivityRecorded"/> for what each property means.</summary>
internal sealed class UserActivity : IEventRow
{
    public const int MaxServiceLength = 64, MaxActionLength = 128, MaxOutcomeLength = 16, MaxTargetLength = 512;

    /// <summary>What McpService calls a call of a tool.</summary>
    public const string ToolCall = "mcp.tools.call";

    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    public required string Service { get; init; }

    public required string Action { get; init; }

    public required string Outcome { get; init; }

    public Guid? UserId { get; init; }

    public string? Username { get; init; }

    public string? TargetType { get; init; }

    public string? Target { get; init; }

    public double? DurationMs { get; init; }

    public string? ClientIp { get; init; }

    public string? TraceId { get; init; }

    public JsonElement? Details { get; init; }

    public JsonElement? OldValues { get; init; }

    public JsonElement? NewValues { get; init; }
}

internal sealed class UserActivityConfiguration : IEntityTypeConfiguration<UserActivity>
{
    public void Configure(EntityTypeBuilder<UserActivity> builder)
    {
        builder.IsEventTable("user_activities");
        builder.Property(row => row.Service).HasMaxLength(UserActivity.MaxServiceLength);
        builder.Property(row => row.Action).HasMaxLength(UserActivity.MaxActionLength);
        builder.Property(row => row.Outcome).HasMaxLength(UserActivity.MaxOutcomeLength);
        builder.Property(row => row.Username).HasMaxLength(EventRowConfiguration.MaxNameLength);
        builder.Property(row => row.TargetType).HasMaxLength(UserActivity.MaxServiceLength);
        builder.Property(row => row.Target).HasMaxLength(UserActivity.MaxTargetLength);
        builder.Property(row => row.ClientIp).HasMaxLength(EventRowConfiguration.MaxAddressLength);
        builder.Property(row => row.TraceId).HasMaxLength(EventRowConfiguration.TraceIdLength);
        builder.Property(row => row.Details).HasColumnType("jsonb");
        builder.Property(row => row.OldValues).HasColumnType("jsonb");
        builder.Property(row => row.NewValues).HasColumnType("jsonb");
        builder.HasIndex(row => new { row.UserId, row.OccurredAt });
        builder.HasIndex(row => new { row.Action, row.OccurredAt });
    }
}
