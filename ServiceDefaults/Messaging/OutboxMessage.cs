using System.Diagnostics;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>A fact that was committed and waits to be published.</summary>
internal sealed class OutboxMessage
{
    public required Guid Id { get; init; }

    /// <summary>The order in which facts are published.</summary>
    public long Sequence { get; init; }

    /// <summary>The full name of a type of Contracts.</summary>
    public required string Type { get; init; }

    public required string Body { get; init; }

    /// <summary>W3C trace context of the request that caused it, so that one trace spans the broker.</summary>
    public string? TraceParent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public static OutboxMessage Of(IFact fact, Activity? cause) => new()
    {
        Id = fact.EventId,
        Type = fact.GetType().FullName!,
        Body = JsonSerializer.Serialize(fact, fact.GetType()),
        TraceParent = cause?.Id,
        CreatedAt = fact.OccurredAt,
    };
}

internal sealed class OutboxMessageConfiguration : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> builder)
    {
        builder.ToTable("outbox");
        builder.HasKey(message => message.Sequence);
        builder.Property(message => message.Sequence).UseIdentityAlwaysColumn();
        builder.HasIndex(message => message.Id).IsUnique();
        builder.Property(message => message.Type).HasMaxLength(256);
        builder.Property(message => message.Body).HasColumnType("jsonb");
        builder.Property(message => message.TraceParent).HasMaxLength(64);
    }
}
