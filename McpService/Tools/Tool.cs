using McpPlatform.McpService.Budget;
using McpPlatform.McpService.Definitions;
using McpPlatform.McpService.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.McpService.Tools;

/// <summary>A tool as its server defined it when it was last listed, and whether that is approved.</summary>
internal sealed class Tool
{
    public const int MaxNameLength = 256;

    // Servers may define a tool differently for each user: all of them stay approved, the oldest are forgotten.
    private const int MaxApproved = 20;

    private Tool()
    {
    }

    public Guid ServerId { get; private init; }

    public string Name { get; private init; } = string.Empty;

    /// <summary>The definition, byte for byte as it was listed.</summary>
    public string Definition { get; private set; } = string.Empty;

    /// <summary>SHA-256 of the definition in canonical form, hexadecimal: the same for another order of keys, another for another word.</summary>
    public string DefinitionHash { get; private set; } = string.Empty;

    /// <summary>What is approved, see <see cref="Definitions.DefinitionHash"/>; empty for one that was listed before there was such a thing.</summary>
    public string LockHash { get; private set; } = string.Empty;

    /// <summary>One of <see cref="DefinitionStates"/>.</summary>
    public string State { get; private set; } = DefinitionStates.Approved;

    /// <summary>Hashes that were approved, the newest last.</summary>
    public List<string> ApprovedHashes { get; private set; } = [];

    /// <summary>The definition that was approved last; null when none was.</summary>
    public string? ApprovedDefinition { get; private set; }

    /// <summary>Since when the state is what it is.</summary>
    public DateTimeOffset? StateSince { get; private set; }

    /// <summary>Who decided; null for the platform.</summary>
    public Guid? DecidedBy { get; private set; }

    /// <summary>Why, in that person's words.</summary>
    public string? Reason { get; private set; }

    /// <summary>What the definition costs of a model's context, in tokens; null for one that was not counted yet.</summary>
    public int? Tokens { get; private set; }

    /// <summary>Whether a person has to approve each call.</summary>
    public bool RequiresApproval { get; private set; }

    /// <summary>How often it was called, to within five seconds; see <see cref="ToolUsage"/>.</summary>
    public long Calls { get; private init; }

    public DateTimeOffset? LastCalledAt { get; private init; }

    public DateTimeOffset FirstSeenAt { get; private init; }

    /// <summary>When it was last listed, to within five minutes.</summary>
    public DateTimeOffset LastSeenAt { get; private set; }

    /// <summary>When its server no longer listed it.</summary>
    public DateTimeOffset? RemovedAt { get; private set; }

    /// <summary>A tool that was not listed before.</summary>
    public static Tool First(Guid serverId, ListedTool listed, string mode, DateTimeOffset now)
    {
        var tool = new Tool { ServerId = serverId, Name = listed.Name, FirstSeenAt = now };
        tool.Take(listed, now);
        tool.Enter(mode == DefinitionLock.Off || (mode == DefinitionLock.Changes && !DefinitionLint.IsGrave(DefinitionLint.Check(listed.Definition)))
            ? DefinitionStates.Approved : DefinitionStates.Quarantined, now, null, null);
        return tool;
    }

    /// <summary>It was listed again.</summary>
    public void Listed(ListedTool listed, string mode, DateTimeOffset now)
    {
        var (isKnown, isSame) = (LockHash.Length > 0, listed.Hash == DefinitionHash);
        var isNew = isKnown ? listed.LockHash != LockHash : !isSame;
        if (!isSame || !isKnown)
        {
            Take(listed, now);
        }

        (LastSeenAt, RemovedAt) = (now, null);
        var state = mode == DefinitionLock.Off || ApprovedHashes.Contains(LockHash) || (!isKnown && isSame) ? DefinitionStates.Approved
            : isNew ? DefinitionStates.Quarantined
            : State;
        if (state != State)
        {
            Enter(state, now, null, null);
        }
        else if (state == DefinitionStates.Approved)
        {
            Approve();
        }
    }

    public void Remove(DateTimeOffset now) => RemovedAt = now;

    /// <summary>A person's decision.</summary>
    public void Decide(bool approve, Guid by, string? reason, DateTimeOffset now)
    {
        if (!approve)
        {
            ApprovedHashes = [.. ApprovedHashes.Where(hash => hash != LockHash)];
        }

        Enter(approve ? DefinitionStates.Approved : DefinitionStates.Rejected, now, by, reason);
    }

    private void Take(ListedTool listed, DateTimeOffset now)
    {
        (Definition, DefinitionHash, LockHash, LastSeenAt, Tokens) = (listed.Text, listed.Hash, listed.LockHash, now, ContextTokens.Count(listed.Text));
    }

    private void Enter(string state, DateTimeOffset now, Guid? by, string? reason)
    {
        (State, StateSince, DecidedBy, Reason) = (state, now, by, reason);
        if (state == DefinitionStates.Approved)
        {
            Approve();
        }
    }

    private void Approve()
    {
        if (ApprovedHashes is not [.., var last] || last != LockHash)
        {
            ApprovedHashes = [.. ApprovedHashes.Where(hash => hash != LockHash).TakeLast(MaxApproved - 1), LockHash];
        }

        ApprovedDefinition = Definition;
    }
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
        builder.Property(tool => tool.ApprovedDefinition).HasColumnType("json");
        builder.Property(tool => tool.DefinitionHash).HasMaxLength(64).IsFixedLength();
        builder.Property(tool => tool.LockHash).HasMaxLength(64).HasDefaultValue(string.Empty);
        builder.PrimitiveCollection(tool => tool.ApprovedHashes).HasDefaultValueSql("'{}'");
        builder.Property(tool => tool.State).HasMaxLength(16).HasDefaultValue(DefinitionStates.Approved);
        builder.Property(tool => tool.Reason).HasMaxLength(1024);
    }
}
