using System.Data;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Rollups;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>Examines the audit trail, day by day, in one snapshot and at constant memory, and stops at the first thing that is wrong.</summary>
internal sealed class AuditVerifier(AnalyticsDbContext db, AuditKeys keys)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly Dictionary<Guid, (DateOnly Day, long Sequence, Guid EventId)> erasures = [];
    private long activities, erased, unsealed;

    /// <summary>Examines the days from the first to the last, and all checkpoints.</summary>
    /// <param name="from">The first day (UTC): not before the retention.</param>
    /// <param name="to">The last day.</param>
    /// <param name="trusted">The public keys that count; null for those that the operator's own key opens.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<AuditReport> VerifyAsync(DateOnly from, DateOnly to, IReadOnlyDictionary<string, ECDsa>? trusted, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await RollupSql.PrepareAsync(connection, cancellationToken);
        var checkpoints = await db.AuditCheckpoints.AsNoTracking().OrderBy(checkpoint => checkpoint.Number).ToListAsync(cancellationToken);
        var problem = CheckCheckpoints(checkpoints, trusted ?? await keys.PublicKeysAsync(db, cancellationToken));
        for (var day = from; day <= to && problem is null; day = day.AddDays(1))
        {
            problem = await CheckDayAsync(connection, day, [.. checkpoints.Where(checkpoint => checkpoint.Day == day)], cancellationToken)
                ?? await FindInsertedAsync(connection, day, cancellationToken);
        }

        problem ??= await FindForgedErasureAsync(cancellationToken);
        return new(problem is null, from, to, activities, erased, unsealed, checkpoints.Count, checkpoints.Count == 0 ? null : Summarize(checkpoints[^1]), problem);
    }

    public static CheckpointSummary Summarize(AuditCheckpoint one) => new(one.Number, one.Day, one.Sequence, one.SealedAt, Convert.ToHexStringLower(AuditHash.Checkpoint(one)), one.KeyId);

    // Each signs the one before, so that none can be taken out, and what each says is checked when its day is.
    private static AuditProblem? CheckCheckpoints(List<AuditCheckpoint> checkpoints, IReadOnlyDictionary<string, ECDsa> trusted)
    {
        var (number, previous) = (0L, new byte[SHA256.HashSizeInBytes]);
        foreach (var checkpoint in checkpoints)
        {
            number++;
            var hash = AuditHash.Checkpoint(checkpoint);
            var (kind, detail) = checkpoint.Number != number ? ("checkpoint_missing", $"Checkpoint {number} is not there.")
                : !trusted.TryGetValue(checkpoint.KeyId, out var key) ? ("checkpoint_unsigned", $"Checkpoint {number} is signed with the key {checkpoint.KeyId}, which is none of the platform's, or cannot be opened with its secret.")
                : !AuditKeys.IsSigned(key, hash, checkpoint.Signature) ? ("checkpoint_edited", $"The signature of checkpoint {number} does not fit what it says.")
                : !checkpoint.PreviousHash.AsSpan().SequenceEqual(previous) ? ("checkpoint_edited", $"Checkpoint {number} was signed behind another one than that before it.")
                : (null, string.Empty);
            if (kind is not null)
            {
                return new(kind, checkpoint.Number == number ? checkpoint.Day : null, number, null, detail);
            }

            previous = hash;
        }

        return null;
    }

    private async Task<AuditProblem?> CheckDayAsync(NpgsqlConnection connection, DateOnly day, List<AuditCheckpoint> checkpoints, CancellationToken cancellationToken)
    {
        var (sequence, hash) = (0L, AuditHash.Beginning(day));
        var signed = checkpoints.ToLookup(checkpoint => checkpoint.Sequence);
        await foreach (var (link, row) in LinksAsync(connection, day, cancellationToken))
        {
            sequence++;
            hash = AuditHash.Link(hash, sequence, link.RowHash);
            var personal = link.ErasureId is null ? row is null || link.Salt is null ? null : AuditHash.Personal(row, link.Salt) : link.PersonalHash;
            var problem = link.Sequence != sequence ? ("deleted", $"Activity {sequence} of {Name(day)} is not there, nor is its place in the chain.")
                : row is null ? ("deleted", $"Activity {sequence} of {Name(day)} was deleted.")
                : personal is null || !AuditHash.Row(row, personal).AsSpan().SequenceEqual(link.RowHash) ? ("edited", $"Activity {sequence} of {Name(day)} is not what it was.")
                : !hash.AsSpan().SequenceEqual(link.ChainHash) ? ("reordered", $"Activity {sequence} of {Name(day)} stands at a place that was another's.")
                : signed[sequence].Any(checkpoint => !checkpoint.ChainHash.AsSpan().SequenceEqual(hash)) ? ("replaced", $"The chain of {Name(day)} up to activity {sequence} is another than the one that was signed.")
                : ((string, string)?)null;
            if (problem is var (kind, detail))
            {
                return new(kind, day, sequence, link.Sequence == sequence ? link.EventId : null, detail);
            }

            activities++;
            if (link.ErasureId is { } erasure)
            {
                erased++;
                erasures.TryAdd(erasure, (day, sequence, link.EventId));
            }
        }

        var last = checkpoints.Select(checkpoint => checkpoint.Sequence).DefaultIfEmpty().Max();
        return last > sequence
            ? new("cut_off", day, sequence + 1, null, $"There were at least {last} activities on {Name(day)}: those behind {sequence} are cut off.")
            : null;
    }

    private static async IAsyncEnumerable<(AuditLink Link, AuditRow? Row)> LinksAsync(NpgsqlConnection connection, DateOnly day, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            $"""
            SELECT l.event_id, l.occurred_at, l.sequence, l.row_hash, l.chain_hash, l.salt, l.personal_hash, l.erasure_id, {AuditRow.Columns}
            FROM {AuditChainTable.Links} AS l
            LEFT JOIN {AuditChainTable.Activities} AS a ON a.event_id = l.event_id AND a.occurred_at = l.occurred_at AND a.occurred_at >= $1 AND a.occurred_at < $2
            WHERE l.occurred_at >= $1 AND l.occurred_at < $2 ORDER BY l.sequence
            """,
            day);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            byte[]? Bytes(int column) => rows.IsDBNull(column) ? null : rows.GetFieldValue<byte[]>(column);
            yield return (
                new AuditLink
                {
                    EventId = rows.GetGuid(0), OccurredAt = rows.GetFieldValue<DateTimeOffset>(1), Sequence = rows.GetInt64(2), RowHash = Bytes(3)!, ChainHash = Bytes(4)!, Salt = Bytes(5),
                    PersonalHash = Bytes(6), ErasureId = rows.IsDBNull(7) ? null : rows.GetGuid(7),
                },
                AuditRow.Read(rows, 8));
        }
    }

    // Whoever stores an activity says so in the same transaction; one without a place that nobody announced came another way.
    private async Task<AuditProblem?> FindInsertedAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            $"""
            SELECT count(*) FILTER (WHERE announced), (array_agg(event_id ORDER BY occurred_at, event_id) FILTER (WHERE NOT announced))[1] FROM (
                SELECT a.event_id, a.occurred_at, EXISTS (SELECT FROM {AuditChainTable.Pending} AS p WHERE p.event_id = a.event_id AND p.occurred_at = a.occurred_at) AS announced
                FROM {AuditChainTable.Activities} AS a
                WHERE a.occurred_at >= $1 AND a.occurred_at < $2
                  AND NOT EXISTS (SELECT FROM {AuditChainTable.Links} AS l WHERE l.event_id = a.event_id AND l.occurred_at = a.occurred_at AND l.occurred_at >= $1 AND l.occurred_at < $2)) AS found
            """,
            day);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        unsealed += rows.GetInt64(0);
        return rows.IsDBNull(1) ? null : new("inserted", day, null, rows.GetGuid(1), $"An activity of {Name(day)} has no place in the chain: it was put there by somebody else.");
    }

    // An erasure is an activity itself, with a place in the chain: nobody erases what he has done, and nothing tells of it.
    private async Task<AuditProblem?> FindForgedErasureAsync(CancellationToken cancellationToken)
    {
        Guid[] ids = [.. erasures.Keys];
        var known = await db.Activities.Where(activity => ids.Contains(activity.EventId) && activity.Action == ErasureEndpoints.Action).Select(activity => activity.EventId).ToListAsync(cancellationToken);
        return ids.Except(known).Select(id => erasures[id]).OrderBy(one => one.Day).ThenBy(one => one.Sequence)
            .Select(one => new AuditProblem("edited", one.Day, one.Sequence, one.EventId, $"Activity {one.Sequence} of {Name(one.Day)} looks erased, and no activity tells that somebody erased it."))
            .FirstOrDefault();
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, DateOnly day)
    {
        var start = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Patience.TotalSeconds };
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = start });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = start.AddDays(1) });
        return command;
    }

    private static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
