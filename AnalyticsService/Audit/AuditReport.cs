namespace McpPlatform.AnalyticsService.Audit;

/// <summary>What an examination of the audit trail found.</summary>
/// <param name="Ok">Whether nothing is wrong.</param>
/// <param name="From">The first day (UTC) that was examined.</param>
/// <param name="To">The last one.</param>
/// <param name="Activities">Activities whose place and content are proven.</param>
/// <param name="Erased">Those of them whose person was erased: their place and the rest of their content are proven.</param>
/// <param name="Unsealed">Activities that came in the last seconds and have no place in the chain yet.</param>
/// <param name="Checkpoints">Signatures that were checked, of all days.</param>
/// <param name="LastCheckpoint">The newest one: note it elsewhere, and nothing before it can be cut off unnoticed.</param>
/// <param name="Problem">The first thing that is wrong; null when nothing is.</param>
internal sealed record AuditReport(
    bool Ok, DateOnly From, DateOnly To, long Activities, long Erased, long Unsealed, long Checkpoints, CheckpointSummary? LastCheckpoint, AuditProblem? Problem);

/// <summary>A checkpoint, as it is told.</summary>
internal sealed record CheckpointSummary(long Number, DateOnly Day, long Sequence, DateTimeOffset SealedAt, string Hash, string KeyId);

/// <summary>What is wrong.</summary>
/// <param name="Kind">
/// <c>edited</c>, <c>deleted</c>, <c>inserted</c>, <c>reordered</c> or <c>cut_off</c> of activities; <c>replaced</c> when the chain is another than the one that was signed;
/// <c>checkpoint_missing</c>, <c>checkpoint_edited</c> or <c>checkpoint_unsigned</c>.
/// </param>
/// <param name="Day">The day (UTC) of the chain.</param>
/// <param name="Sequence">The place in it; of a checkpoint its number.</param>
/// <param name="EventId">The activity, where it is known.</param>
/// <param name="Detail">The same in a sentence.</param>
internal sealed record AuditProblem(string Kind, DateOnly? Day, long? Sequence, Guid? EventId, string Detail);
