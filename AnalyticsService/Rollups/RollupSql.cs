using System.Globalization;
using McpPlatform.AnalyticsService.Data;
using Npgsql;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>
/// The statements. Ranges come in two arrays, beginnings and ends (<see cref="Windows"/>), so that any number of them is one statement, each read through the index of time.
/// </summary>
internal static class RollupSql
{
    public const string Rollups = $"{AnalyticsDbContext.Schema}.rollups", Marks = $"{AnalyticsDbContext.Schema}.rollup_marks";

    /// <summary>The columns of a rollup behind those of its key.</summary>
    public const string Figures = "count, refused, failed, total, request_bytes, response_bytes, last_at, sketch";

    /// <summary>The same without how values are spread, which is most of what there is to read.</summary>
    public const string PlainFigures = "count, refused, failed, total, request_bytes, response_bytes, last_at";

    // As LatencySketch does it. least and greatest pass over NULL, which stays NULL.
    private static readonly string Sketch = string.Create(
        CultureInfo.InvariantCulture,
        $"CASE WHEN value IS NOT NULL THEN {SketchFormat.Offset} + ceil(ln(CASE WHEN value = 'NaN' THEN {LatencySketch.Least} ELSE least(greatest(value, {LatencySketch.Least}), {LatencySketch.Most}) END) / ln({LatencySketch.Gamma:R}))::int END");

    /// <summary>
    /// Has the connection's transaction run the statements as they are: they look expensive to the planner, which knows neither the ranges nor which partitions they lie in, and PostgreSQL
    /// would compile them for a second and a half to save milliseconds.
    /// </summary>
    public static async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SET LOCAL jit = off", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ranges of which one parameter has the beginnings and the next one the ends.</summary>
    public static string Windows(int parameter = 1) => $"unnest(${parameter}::timestamptz[], ${parameter + 1}::timestamptz[]) AS w(start, stop)";

    /// <summary>
    /// Counts rows of events: for each range that has some, dimension and value one row of (bucket, dimension, value, <see cref="Figures"/>), where the bucket is the range's beginning.
    /// </summary>
    /// <param name="source">What is counted.</param>
    /// <param name="dimensions">By what.</param>
    /// <param name="windows">The ranges.</param>
    /// <param name="filter">Which values of the dimensions: a condition that begins with <c>value</c> and does not hold for NULL.</param>
    /// <param name="bounds">What is known of <c>occurred_at</c> beside: the planner then leaves out the partitions of other days, instead of the executor.</param>
    public static string Count(RollupSource source, IReadOnlyList<RollupDimension> dimensions, string windows, string filter = "value IS NOT NULL", string bounds = "true") =>
        $"""
        SELECT bucket, dimension, value, sum(n)::bigint AS count, sum(refused)::bigint AS refused, sum(failed)::bigint AS failed, coalesce(sum(total), 0) AS total,
               sum(request_bytes)::bigint AS request_bytes, sum(response_bytes)::bigint AS response_bytes, max(last_at) AS last_at,
               {SketchFormat.Pack("s", "n")} AS sketch
        FROM (
            SELECT w.start AS bucket, d.dimension, d.value, r.s, count(*) AS n, count(*) FILTER (WHERE r.refused) AS refused, count(*) FILTER (WHERE r.failed) AS failed,
                   sum(r.value) AS total, sum(r.request_bytes) AS request_bytes, sum(r.response_bytes) AS response_bytes, max(r.occurred_at) AS last_at
            FROM {windows}
            CROSS JOIN LATERAL (
                SELECT *, {Sketch} AS s FROM (
                    SELECT occurred_at, ({source.Value})::double precision AS value, ({source.Refused}) AS refused, ({source.Failed}) AS failed,
                           ({source.RequestBytes})::bigint AS request_bytes, ({source.ResponseBytes})::bigint AS response_bytes,
                           {string.Join(", ", dimensions.Select((dimension, index) => $"({dimension.Value}) AS d{index}"))}
                    FROM {source.QualifiedTable} WHERE occurred_at >= w.start AND occurred_at < w.stop AND {bounds} AND ({source.Where})) AS picked) AS r
            CROSS JOIN LATERAL (VALUES {string.Join(", ", dimensions.Select((dimension, index) => $"('{dimension.Name}', r.d{index})"))}) AS d(dimension, value)
            WHERE d.{filter}
            GROUP BY 1, 2, 3, 4) AS parts
        GROUP BY 1, 2, 3
        """;

    /// <summary>Adds rollups up, of a grain to that of the ranges: the same columns as <see cref="Count"/>.</summary>
    public static string Merge(RollupSource source, Grain of) =>
        $"""
        WITH picked AS (
            SELECT w.start AS bucket, r.dimension, r.value, {Figures}
            FROM {Windows()} JOIN {Rollups} AS r ON {Of(source, of)} AND r.bucket >= w.start AND r.bucket < w.stop),
        sketches AS (
            SELECT bucket, dimension, value, {SketchFormat.Pack("s", "n")} AS sketch FROM (
                SELECT bucket, dimension, value, s, sum(n) AS n FROM picked CROSS JOIN LATERAL ({SketchFormat.Unpack("sketch")}) AS parts GROUP BY 1, 2, 3, 4) AS summed
            GROUP BY 1, 2, 3),
        sums AS (
            SELECT bucket, dimension, value, sum(count)::bigint AS count, sum(refused)::bigint AS refused, sum(failed)::bigint AS failed, sum(total) AS total,
                   sum(request_bytes)::bigint AS request_bytes, sum(response_bytes)::bigint AS response_bytes, max(last_at) AS last_at
            FROM picked GROUP BY 1, 2, 3)
        SELECT bucket, dimension, value, count, refused, failed, total, request_bytes, response_bytes, last_at,
               coalesce(sketch, ''::bytea) AS sketch
        FROM sums LEFT JOIN sketches USING (bucket, dimension, value)
        """;

    /// <summary>Puts what <paramref name="rows"/> selects into the rollups.</summary>
    public static string Insert(RollupSource source, Grain grain, string rows) =>
        $"""
        INSERT INTO {Rollups} (grain, source, dimension, bucket, value, {Figures})
        SELECT {(short)grain}::smallint, '{source.Name}', dimension, bucket, value, {Figures} FROM ({rows}) AS found
        """;

    /// <summary>Takes the rollups of these ranges away, by their beginnings.</summary>
    public static string Delete(RollupSource source, Grain grain) => $"DELETE FROM {Rollups} AS r USING {Windows()} WHERE {Of(source, grain)} AND r.bucket = w.start";

    /// <summary>Takes the rollups of a grain that begin before a time ($1) away.</summary>
    public static string Prune(RollupSource source, Grain grain) => $"DELETE FROM {Rollups} AS r WHERE {Of(source, grain)} AND r.bucket < $1";

    /// <summary>Reads rollups of one dimension in the ranges, all columns.</summary>
    /// <param name="source">Of what.</param>
    /// <param name="dimension">By what.</param>
    /// <param name="grain">Of which length.</param>
    /// <param name="windows">The ranges.</param>
    /// <param name="values">The parameter that has the values that are wanted, which are then looked up one by one; all when null.</param>
    public static string Read(RollupSource source, RollupDimension dimension, Grain grain, string windows, int? values)
    {
        var condition = $"r.grain = {(short)grain} AND r.source = '{source.Name}' AND r.dimension = '{dimension.Name}' AND r.bucket >= w.start AND r.bucket < w.stop";
        return values is { } parameter
            ? $"SELECT r.* FROM unnest(${parameter}::text[]) AS v(value) CROSS JOIN {windows} CROSS JOIN LATERAL (SELECT * FROM {Rollups} AS r WHERE {condition} AND r.value = v.value COLLATE \"C\") AS r"
            : $"SELECT r.* FROM {windows} JOIN {Rollups} AS r ON {condition}";
    }

    // The dimensions by name, so that the index is used from its beginning to the time.
    private static string Of(RollupSource source, Grain grain) =>
        $"r.grain = {(short)grain} AND r.source = '{source.Name}' AND r.dimension IN ({string.Join(", ", source.Dimensions.Select(dimension => $"'{dimension.Name}'"))})";
}
