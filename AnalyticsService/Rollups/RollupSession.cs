using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>What <see cref="RollupReader.OpenAsync"/> opened.</summary>
internal sealed class RollupSession(NpgsqlConnection connection, NpgsqlTransaction transaction, RollupReader reader) : IAsyncDisposable
{
    /// <summary>Minutes of which events are stored that the figures read so far have not all of: only after an outage, until they are counted.</summary>
    public int PendingMinutes { get; private set; }

    /// <summary>For what else is read of the same moment.</summary>
    public NpgsqlConnection Connection => connection;

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    /// <summary>The figures of each range and value that has some.</summary>
    /// <param name="counted">Of what.</param>
    /// <param name="dimension">By what.</param>
    /// <param name="ranges">Ascending, one behind the other.</param>
    /// <param name="values">Only these values; all when null.</param>
    /// <param name="spread">Whether percentiles are wanted.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<Dictionary<(int Range, string Value), Rollup>> ReadAsync(
        RollupSource counted, RollupDimension dimension, IReadOnlyList<TimeRange> ranges, IReadOnlyList<string>? values, bool spread, CancellationToken cancellationToken)
    {
        Dictionary<(int, string), Rollup> result = [];
        var plan = await PlanAsync(counted, ranges, cancellationToken);
        if (Select(plan, counted, dimension, values, spread ? RollupSql.Figures : RollupSql.PlainFigures) is not { } command)
        {
            return result;
        }

        await using (command)
        {
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                var row = Row(rows, spread);
                var key = (RangeOf(ranges, row.Bucket), row.Value);
                if (!result.TryGetValue(key, out var sum))
                {
                    result[key] = sum = new Rollup();
                }

                sum.Add(row);
            }
        }

        return result;
    }

    /// <summary>The values with the largest figures, largest first.</summary>
    /// <param name="counted">Of what.</param>
    /// <param name="dimension">By what.</param>
    /// <param name="range">When.</param>
    /// <param name="order">Which figure: <c>count</c>, <c>failed</c>, …; SQL.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="prefix">Only values that begin like this; all when null.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<IReadOnlyList<string>> TopAsync(RollupSource counted, RollupDimension dimension, TimeRange range, string order, int limit, string? prefix, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(counted, [range], cancellationToken);
        List<string> top = [];
        if (Select(plan, counted, dimension, null, order) is not { } command)
        {
            return top;
        }

        await using (command)
        {
            var prefixParameter = command.Parameters.Count + 1;
            command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = prefix, NpgsqlDbType = NpgsqlDbType.Text });
            command.CommandText =
                $"""
                SELECT value FROM ({command.CommandText}) AS found WHERE (${prefixParameter} IS NULL OR starts_with(value, ${prefixParameter}))
                GROUP BY value HAVING sum({order}) > 0 ORDER BY sum({order}) DESC, value LIMIT {limit}
                """;
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                top.Add(rows.GetString(0));
            }
        }

        return top;
    }

    /// <summary>How many different values there are.</summary>
    public async Task<long> DistinctAsync(RollupSource counted, RollupDimension dimension, TimeRange range, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(counted, [range], cancellationToken);
        if (Select(plan, counted, dimension, null, null) is not { } command)
        {
            return 0;
        }

        await using (command)
        {
            command.CommandText = $"SELECT count(*) FROM (SELECT DISTINCT value FROM ({command.CommandText}) AS found) AS different";
            return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
    }

    private static int RangeOf(IReadOnlyList<TimeRange> ranges, DateTimeOffset time)
    {
        var (low, high) = (0, ranges.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = ranges[middle].Start <= time ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private static RollupRow Row(NpgsqlDataReader rows, bool spread) => new(
        rows.GetFieldValue<DateTimeOffset>(0), rows.GetString(1), rows.GetInt64(2), rows.GetInt64(3), rows.GetInt64(4), rows.GetDouble(5), rows.GetInt64(6), rows.GetInt64(7),
        rows.GetFieldValue<DateTimeOffset>(8), spread ? rows.GetFieldValue<byte[]>(9) : []);

    private async Task<RollupPlan> PlanAsync(RollupSource counted, IReadOnlyList<TimeRange> ranges, CancellationToken cancellationToken)
    {
        var marks = await RollupMarks.ListAsync(connection, counted.Table, new(ranges[0].Start, ranges[^1].End), cancellationToken);
        var plan = RollupPlan.Make(ranges, marks, reader.KeptFrom(counted));
        PendingMinutes = Math.Max(PendingMinutes, plan.PendingMinutes);
        return plan;
    }

    // (bucket, value, figures) of all pieces of the plan; null when there are none.
    private NpgsqlCommand? Select(RollupPlan plan, RollupSource counted, RollupDimension dimension, IReadOnlyList<string>? values, string? figures)
    {
        var command = new NpgsqlCommand { Connection = connection };
        if (values is not null)
        {
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. values.Distinct(StringComparer.Ordinal)] });
        }

        List<string> parts = [];
        foreach (var grain in Grains.All.Where(grain => plan.Of(grain).Count > 0))
        {
            parts.Add(RollupSql.Read(counted, dimension, grain, AddWindows(command, plan.Of(grain)), values is null ? null : 1));
        }

        foreach (var day in plan.Rows.GroupBy(range => Grain.Day.Floor(range.Start)).Select(day => day.ToList()))
        {
            var windows = AddWindows(command, day);
            var bounds = command.Parameters.Count + 1;
            command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = day[0].Start });
            command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = day[^1].End });
            parts.Add(RollupSql.Count(counted, [dimension], windows, values is null ? "value IS NOT NULL" : "value = ANY($1)", $"occurred_at >= ${bounds} AND occurred_at < ${bounds + 1}"));
        }

        if (parts.Count == 0)
        {
            command.Dispose();
            return null;
        }

        command.CommandText = string.Join("\nUNION ALL\n", parts.Select((part, index) => $"SELECT bucket, value{(figures is null ? string.Empty : ", " + figures)} FROM ({part}) AS part{index}"));
        return command;
    }

    private static string AddWindows(NpgsqlCommand command, IReadOnlyList<TimeRange> windows)
    {
        var parameter = command.Parameters.Count + 1;
        command.Parameters.Add(RollupMarks.Times(windows.Select(window => window.Start)));
        command.Parameters.Add(RollupMarks.Times(windows.Select(window => window.End)));
        return RollupSql.Windows(parameter);
    }
}
