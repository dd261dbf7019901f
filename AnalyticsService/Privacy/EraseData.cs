using McpPlatform.AnalyticsService.Audit;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Rollups;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.AnalyticsService.Privacy;

/// <summary>
/// Takes a person out of everything that is kept, table by table, in one replica at a time; what a crash interrupts is gone through again. Rows stay, so that figures do: the id becomes a
/// pseudonym that nothing leads back from. Of activities the salt goes with the person, and the chain stays provable (<see cref="AuditHash.Personal"/>).
/// </summary>
internal sealed partial class EraseData(IServiceScopeFactory scopes, TimeProvider time, ILogger<EraseData> logger) : BackgroundService
{
    private const string Schema = AnalyticsDbContext.Schema, Erased = "erased";
    private const int Many = 2_000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Carries out what was asked for.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AnalyticsDbContext>();
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
        foreach (var erasure in await db.Erasures.AsNoTracking().Where(erasure => erasure.UserId != null).OrderBy(erasure => erasure.RequestedAt).ToListAsync(cancellationToken))
        {
            var rows = await EraseAsync(db, erasure, erasure.UserId!.Value, cancellationToken);
            await db.Erasures.Where(other => other.Id == erasure.Id).ExecuteUpdateAsync(set => set.SetProperty(other => other.Rows, other => other.Rows + rows), cancellationToken);

            // What has no place in the chain yet could not be erased: it has one in a second.
            if (await LeftAsync(db, erasure.UserId.Value, cancellationToken))
            {
                continue;
            }

            await db.Erasures.Where(other => other.Id == erasure.Id).ExecuteUpdateAsync(
                set => set.SetProperty(other => other.UserId, (Guid?)null).SetProperty(other => other.FinishedAt, time.GetUtcNow()), cancellationToken);
            LogErased(erasure.Id);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or DbUpdateException)
            {
                LogFailed(exception);
            }
        }
    }

    private static Task<bool> LeftAsync(AnalyticsDbContext db, Guid user, CancellationToken cancellationToken) => db.Activities.AnyAsync(row => row.UserId == user, cancellationToken);

    private static async Task<long> EraseAsync(AnalyticsDbContext db, Erasure erasure, Guid user, CancellationToken cancellationToken)
    {
        var (id, pseudonym) = (user.ToString(), erasure.Pseudonym);
        var (pattern, other) = ($"%{id}%", pseudonym.ToString());

        // The names that the person had; failed logins know nothing else.
        var names = await db.Activities.Where(row => row.UserId == user && row.Username != null && row.Username != Erased).Select(row => row.Username!).Distinct().ToListAsync(cancellationToken);
        string[] targets = [id, .. names];
        long rows = 0;
        int changed;
        do
        {
            changed = await EraseActivitiesAsync(db, erasure.Id, user, pseudonym, targets, cancellationToken);
            rows += changed;
        }
        while (changed > 0);

        rows += await db.Database.ExecuteSqlAsync(
            $"""
            UPDATE analytics.request_logs SET user_id = CASE WHEN user_id = {user} THEN {pseudonym} ELSE user_id END, username = CASE WHEN user_id = {user} THEN {Erased} ELSE username END,
                client_ip = CASE WHEN user_id = {user} THEN NULL ELSE client_ip END, user_agent = CASE WHEN user_id = {user} THEN NULL ELSE user_agent END, path = replace(path, {id}, {other})
            WHERE user_id = {user} OR path LIKE {pattern}
            """,
            cancellationToken);
        rows += await db.Database.ExecuteSqlAsync(
            $"""
            UPDATE analytics.page_views SET user_id = CASE WHEN user_id = {user} THEN {pseudonym} ELSE user_id END, username = CASE WHEN user_id = {user} THEN {Erased} ELSE username END,
                session_id = CASE WHEN user_id = {user} THEN NULL ELSE session_id END, path = replace(path, {id}, {other}), referrer = replace(referrer, {id}, {other})
            WHERE user_id = {user} OR path LIKE {pattern} OR referrer LIKE {pattern}
            """,
            cancellationToken);
        rows += await db.Database.ExecuteSqlAsync($"DELETE FROM analytics.rejected_events WHERE event LIKE {pattern}", cancellationToken);
        rows += await db.Database.ExecuteSqlAsync($"UPDATE analytics.rollups SET value = replace(value, {id}, {other}) WHERE dimension IN ('user', 'path') AND value LIKE {pattern}", cancellationToken);
        return rows;
    }

    // While it goes on nothing is sealed: a row that is read here is the row that has its place.
    private static async Task<int> EraseActivitiesAsync(AnalyticsDbContext db, Guid erasure, Guid user, Guid pseudonym, string[] targets, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('analytics.seal_audit', 0))", cancellationToken);
        await db.Database.ExecuteSqlAsync($"SET LOCAL mcpplatform.erasing = 'on'", cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        List<(Guid EventId, DateTimeOffset OccurredAt, byte[] Personal)> found = [];
        await RollupSql.PrepareAsync(connection, cancellationToken);
        await using (var command = new NpgsqlCommand(
            $"""
            SELECT l.salt, {AuditRow.Columns} FROM {Schema}.user_activities AS a JOIN {Schema}.audit_chain AS l ON l.event_id = a.event_id AND l.occurred_at = a.occurred_at
            WHERE l.salt IS NOT NULL AND (a.user_id = $1 OR (a.user_id IS NULL AND a.username = ANY($2)) OR (a.target_type = 'user' AND a.target = ANY($2))) LIMIT {Many}
            """,
            connection))
        {
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = user });
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = targets });
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                var row = AuditRow.Read(rows, 1)!;
                found.Add((row.EventId, row.OccurredAt, AuditHash.Personal(row, rows.GetFieldValue<byte[]>(0))));
            }
        }

        foreach (var (eventId, occurredAt, personal) in found)
        {
            await db.Database.ExecuteSqlAsync(
                $"UPDATE analytics.audit_chain SET salt = NULL, personal_hash = {personal}, erasure_id = {erasure} WHERE event_id = {eventId} AND occurred_at = {occurredAt}", cancellationToken);
            await db.Database.ExecuteSqlAsync(
                $"""
                UPDATE analytics.user_activities SET username = CASE WHEN user_id IS NULL OR user_id = {user} THEN {Erased} ELSE username END,
                    client_ip = CASE WHEN user_id IS NULL OR user_id = {user} THEN NULL ELSE client_ip END, user_id = CASE WHEN user_id = {user} THEN {pseudonym} ELSE user_id END,
                    target = CASE WHEN target_type = 'user' AND target = ANY({targets}) THEN {pseudonym}::text ELSE target END, details = NULL, old_values = NULL, new_values = NULL
                WHERE event_id = {eventId} AND occurred_at = {occurredAt}
                """,
                cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return found.Count;
    }

    [LoggerMessage(4022, LogLevel.Information, "Erasure {Erasure} is done")]
    private partial void LogErased(Guid erasure);

    [LoggerMessage(4023, LogLevel.Warning, "An erasure could not go on; tried again in 5 seconds")]
    private partial void LogFailed(Exception exception);
}
