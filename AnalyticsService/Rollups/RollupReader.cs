using System.Data;
using McpPlatform.AnalyticsService.Events;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>Reads figures: of rollups as far as they go, and of rows for the rest.</summary>
internal sealed class RollupReader(NpgsqlDataSource source, IEnumerable<EventTable> tables, IOptions<RetentionOptions> retention, TimeProvider time)
{
    /// <summary>From when on there is what.</summary>
    public KeptFrom KeptFrom(RollupSource counted) => tables.Single(table => table.Name == counted.Table).KeptFrom(retention.Value, time.GetUtcNow());

    /// <summary>Everything that is read until it is disposed is of one moment.</summary>
    public async Task<RollupSession> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await RollupSql.PrepareAsync(connection, cancellationToken);
        return new RollupSession(connection, transaction, this);
    }
}
