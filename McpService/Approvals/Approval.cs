using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Tools;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Approvals;

/// <summary>A person's word on one call: for this caller, this tool and these arguments, once, and not for long.</summary>
internal sealed class Approval
{
    public const string Pending = "pending", Approved = "approved", Denied = "denied", Used = "used";

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private Approval()
    {
    }

    public Guid Id { get; private init; }

    public Guid ServerId { get; private init; }

    public string Tool { get; private init; } = string.Empty;

    public Guid UserId { get; private init; }

    public string Username { get; private init; } = string.Empty;

    /// <summary>SHA-256 of the arguments in canonical form, hexadecimal.</summary>
    public string ArgumentsHash { get; private init; } = string.Empty;

    /// <summary>The arguments, encrypted: to be looked at by who decides.</summary>
    public byte[] ProtectedArguments { get; private init; } = [];

    public string State { get; private set; } = Pending;

    public DateTimeOffset CreatedAt { get; private init; }

    public DateTimeOffset ExpiresAt { get; private init; }

    public Guid? DecidedBy { get; private set; }

    public DateTimeOffset? DecidedAt { get; private set; }

    public string? Reason { get; private set; }

    public static string Context(Guid id) => $"tool_approvals|{id}";

    public static Approval Ask(Guid id, Guid server, string tool, Guid user, string username, string argumentsHash, byte[] protectedArguments, DateTimeOffset now) => new()
    {
        Id = id, ServerId = server, Tool = tool, UserId = user, Username = username, ArgumentsHash = argumentsHash, ProtectedArguments = protectedArguments, CreatedAt = now, ExpiresAt = now + Lifetime,
    };
}

internal sealed class ApprovalConfiguration : IEntityTypeConfiguration<Approval>
{
    public void Configure(EntityTypeBuilder<Approval> builder)
    {
        builder.ToTable("tool_approvals");
        builder.HasKey(approval => approval.Id);
        builder.Property(approval => approval.Id).ValueGeneratedNever();
        builder.Property(approval => approval.Tool).HasMaxLength(Tools.Tool.MaxNameLength);
        builder.Property(approval => approval.Username).HasMaxLength(256);
        builder.Property(approval => approval.ArgumentsHash).HasMaxLength(64).IsFixedLength();
        builder.Property(approval => approval.State).HasMaxLength(16);
        builder.Property(approval => approval.Reason).HasMaxLength(1024);
        builder.HasIndex(approval => new { approval.UserId, approval.ServerId, approval.ArgumentsHash });
        builder.HasIndex(approval => approval.ExpiresAt);
        builder.HasOne<Server>().WithMany().HasForeignKey(approval => approval.ServerId).OnDelete(DeleteBehavior.Cascade);
    }
}
