using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>Which ranges of a table have to be counted anew (<see cref="RollupMark"/>).</summary>
internal static class RollupMarks
{
    /// <summary>How many are counted at once.</summary>
    private const int Many = 240;

    /// <summary>Marks the ranges of these times, within the connection's transaction.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, string table, Grain grain, IEnumerable<DateTimeOffset> times, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"INSERT INTO {RollupSql.Marks} (table_name, grain, bucket) SELECT $1, $2, unnest($3)", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)grain });
        command.Parameters.Add(Times(times.Select(time => grain.Floor(time)).Distinct()));
        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Takes marks of ranges that are over, newest first. A transaction that is not committed has its marks still to come: what is counted after this has all rows of the marks taken.
    /// </summary>
    /// <returns>The ranges' beginnings, each once; none when nothing is to be done.</returns>
    public static async Task<IReadOnlyList<DateTimeOffset>> TakeAsync(NpgsqlConnection connection, string table, Grain grain, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string Sql =
            $"""
            WITH chosen AS (SELECT DISTINCT bucket FROM {RollupSql.Marks} WHERE table_name = $1 AND grain = $2 AND bucket <= $3 ORDER BY bucket DESC LIMIT $4),
            taken AS (DELETE FROM {RollupSql.Marks} AS m USING chosen AS c WHERE m.table_name = $1 AND m.grain = $2 AND m.bucket = c.bucket RETURNING m.bucket)
            SELECT DISTINCT bucket FROM taken
            """;
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)grain });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = (now - grain.Length()).ToUniversalTime() });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Many });
        return await TimesAsync(command, cancellationToken);
    }

    /// <summary>The marks that lie in a range.</summary>
    public static async Task<IReadOnlyList<(Grain Grain, DateTimeOffset Bucket)>> ListAsync(NpgsqlConnection connection, string table, TimeRange range, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"SELECT DISTINCT grain, bucket FROM {RollupSql.Marks} WHERE table_name = $1 AND bucket >= $2 AND bucket < $3", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = Grain.Day.Floor(range.Start) });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = range.End });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(Grain, DateTimeOffset)> marks = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            marks.Add(((Grain)reader.GetInt16(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return marks;
    }

    /// <summary>Times as a parameter.</summary>
    public static NpgsqlParameter Times(IEnumerable<DateTimeOffset> times) =>
        new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. times], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };

    private static async Task<IReadOnlyList<DateTimeOffset>> TimesAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<DateTimeOffset> times = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            times.Add(reader.GetFieldValue<DateTimeOffset>(0));
        }

        return times;
    }
}
