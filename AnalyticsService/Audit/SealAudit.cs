using System.Security.Cryptography;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Rollups;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>
/// Gives activities their places in the chain, every second, in one replica at a time, and signs how far it has come once a minute. Hashing has no part in storing: any number of replicas
/// store at once, and none waits for another.
/// </summary>
internal sealed partial class SealAudit(IServiceScopeFactory scopes, Partitions partitions, AuditChainTable table, AuditKeys keys, TimeProvider time, ILogger<SealAudit> logger) : BackgroundService
{
    private const int Many = 5_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1), CheckpointInterval = TimeSpan.FromMinutes(1);

    /// <summary>Seals whatever is there.</summary>
    /// <param name="checkpoint">Whether a checkpoint is due whenever the last one was.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal async Task RunAsync(bool checkpoint, CancellationToken cancellationToken)
    {
        while (await SealAsync(cancellationToken))
        {
        }

        await CheckpointAsync(checkpoint, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RunAsync(checkpoint: false, stoppingToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or DbUpdateException)
            {
                LogFailed(exception);
            }
        }
    }

    private async Task<bool> SealAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AnalyticsDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        if (!await TryLockAsync(connection, cancellationToken))
        {
            return false;
        }

        var taken = await TakeAsync(connection, cancellationToken);
        if (taken.Count == 0)
        {
            return false;
        }

        var days = taken.GroupBy(one => DateOnly.FromDateTime(one.OccurredAt.UtcDateTime)).ToList();
        await partitions.EnsureAsync(table, [.. days.Select(day => day.Key)], cancellationToken);
        foreach (var day in days)
        {
            await AppendAsync(connection, day.Key, [.. day], cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(hashtextextended('analytics.seal_audit', 0))", connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    // Oldest first. What came again has its place already. What is gone meanwhile gets one too: somebody took it away.
    private static async Task<List<(Guid EventId, DateTimeOffset OccurredAt, AuditRow? Row)>> TakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var sql =
            $"""
            WITH taken AS (DELETE FROM {AuditChainTable.Pending} WHERE ctid IN (SELECT ctid FROM {AuditChainTable.Pending} ORDER BY occurred_at LIMIT {Many}) RETURNING event_id, occurred_at)
            SELECT t.event_id, t.occurred_at, l.event_id IS NOT NULL, {AuditRow.Columns} FROM (SELECT DISTINCT event_id, occurred_at FROM taken) AS t
            LEFT JOIN {AuditChainTable.Links} AS l ON l.event_id = t.event_id AND l.occurred_at = t.occurred_at
            LEFT JOIN {AuditChainTable.Activities} AS a ON a.event_id = t.event_id AND a.occurred_at = t.occurred_at
            ORDER BY t.occurred_at, t.event_id
            """;
        await RollupSql.PrepareAsync(connection, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        List<(Guid, DateTimeOffset, AuditRow?)> taken = [];
        while (await rows.ReadAsync(cancellationToken))
        {
            if (!rows.GetBoolean(2))
            {
                taken.Add((rows.GetGuid(0), rows.GetFieldValue<DateTimeOffset>(1), AuditRow.Read(rows, 3)));
            }
        }

        return taken;
    }

    private static async Task AppendAsync(NpgsqlConnection connection, DateOnly day, List<(Guid EventId, DateTimeOffset OccurredAt, AuditRow? Row)> rows, CancellationToken cancellationToken)
    {
        var (sequence, hash) = await HeadAsync(connection, day, cancellationToken);
        await using (var copy = await connection.BeginBinaryImportAsync(
            $"COPY {AuditChainTable.Links} (event_id, occurred_at, sequence, row_hash, chain_hash, salt) FROM STDIN (FORMAT BINARY)", cancellationToken))
        {
            foreach (var (eventId, occurredAt, row) in rows)
            {
                var salt = row is null ? null : RandomNumberGenerator.GetBytes(AuditHash.SaltBytes);
                var rowHash = row is null ? AuditHash.Missing : AuditHash.Row(row, AuditHash.Personal(row, salt!));
                hash = AuditHash.Link(hash, ++sequence, rowHash);
                await copy.StartRowAsync(cancellationToken);
                await copy.WriteAsync(eventId, NpgsqlDbType.Uuid, cancellationToken);
                await copy.WriteAsync(occurredAt, NpgsqlDbType.TimestampTz, cancellationToken);
                await copy.WriteAsync(sequence, NpgsqlDbType.Bigint, cancellationToken);
                await copy.WriteAsync(rowHash, NpgsqlDbType.Bytea, cancellationToken);
                await copy.WriteAsync(hash, NpgsqlDbType.Bytea, cancellationToken);
                await (salt is null ? copy.WriteNullAsync(cancellationToken) : copy.WriteAsync(salt, NpgsqlDbType.Bytea, cancellationToken));
            }

            await copy.CompleteAsync(cancellationToken);
        }

        await using var command = new NpgsqlCommand(
            $"""
            INSERT INTO {AuditChainTable.Days} (day, sequence, chain_hash, checkpointed) VALUES ($1, $2, $3, 0)
            ON CONFLICT (day) DO UPDATE SET sequence = excluded.sequence, chain_hash = excluded.chain_hash
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = day });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sequence });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<(long Sequence, byte[] Hash)> HeadAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT sequence, chain_hash FROM {AuditChainTable.Days} WHERE day = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = day });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken) ? (rows.GetInt64(0), rows.GetFieldValue<byte[]>(1)) : (0, AuditHash.Beginning(day));
    }

    private async Task CheckpointAsync(bool now, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AnalyticsDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await TryLockAsync((NpgsqlConnection)db.Database.GetDbConnection(), cancellationToken))
        {
            return;
        }

        var last = await db.AuditCheckpoints.OrderByDescending(checkpoint => checkpoint.Number).FirstOrDefaultAsync(cancellationToken);
        if (!now && last is not null && time.GetUtcNow() - last.SealedAt < CheckpointInterval)
        {
            return;
        }

        var (previous, number) = (last is null ? new byte[SHA256.HashSizeInBytes] : AuditHash.Checkpoint(last), last?.Number ?? 0);
        (string Id, ECDsa Key)? signing = null;
        foreach (var day in await db.AuditDays.Where(day => day.Checkpointed < day.Sequence).OrderBy(day => day.Day).ToListAsync(cancellationToken))
        {
            signing ??= await keys.SigningKeyAsync(db, cancellationToken);
            var unsigned = new AuditCheckpoint
            {
                Number = ++number, Day = day.Day, Sequence = day.Sequence, ChainHash = day.ChainHash, SealedAt = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()),
                PreviousHash = previous, KeyId = signing.Value.Id, Signature = [],
            };
            previous = AuditHash.Checkpoint(unsigned);
            db.Add(unsigned.Signed(AuditKeys.Sign(signing.Value.Key, previous)));
            await db.AuditDays.Where(other => other.Day == day.Day).ExecuteUpdateAsync(set => set.SetProperty(other => other.Checkpointed, day.Sequence), cancellationToken);

            // Who keeps the logs elsewhere can tell later that nothing was cut off before.
            LogSealed(number, day.Day, day.Sequence, Convert.ToHexStringLower(previous));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(4020, LogLevel.Warning, "The audit chain could not be continued; tried again in a second")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(4021, LogLevel.Information, "Checkpoint {Number} of the audit chain: {Day}, {Sequence} activities, {Hash}")]
    private partial void LogSealed(long number, DateOnly day, long sequence, string hash);
}
