using System.Collections.Frozen;
using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>How the text of a value becomes JSON.</summary>
internal enum PostgresShape
{
    Text,
    Boolean,
    Integer,
    Float,
    Timestamp,
    Json,
    Bytes,
}

/// <summary>A column and what its values look like.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as PostgreSQL writes it.</param>
/// <param name="Shape">How a value is read; for an array each of its elements, if <paramref name="Delimiter"/> is set.</param>
/// <param name="Delimiter">What separates the elements of an array; null for what is no array.</param>
internal sealed record PostgresColumn(string Name, string Type, PostgresShape Shape, char? Delimiter)
{
    private static readonly FrozenDictionary<uint, PostgresShape> Shapes = new Dictionary<uint, PostgresShape>
    {
        [16] = PostgresShape.Boolean, [17] = PostgresShape.Bytes, [20] = PostgresShape.Integer, [21] = PostgresShape.Integer, [23] = PostgresShape.Integer,
        [26] = PostgresShape.Integer, [700] = PostgresShape.Float, [701] = PostgresShape.Float, [114] = PostgresShape.Json, [3802] = PostgresShape.Json,
        [1114] = PostgresShape.Timestamp, [1184] = PostgresShape.Timestamp,
    }.ToFrozenDictionary();

    private const string Query = """
        SELECT t.oid, pg_catalog.format_type(t.oid, NULL), CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 AND e.oid IS NOT NULL AND t.typlen = -1 THEN t.typelem::pg_catalog.int8 ELSE 0 END, coalesce(e.typdelim, ',')::pg_catalog.text
        FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem WHERE t.oid = ANY ($1)
        """;

    /// <summary>Asks the server for the names of these types, and for the elements of arrays.</summary>
    public static async Task<IReadOnlyList<PostgresColumn>> ResolveAsync(
        NpgsqlConnection connection, IReadOnlyList<(string Name, uint Type)> fields, CancellationToken cancellationToken)
    {
        if (fields.Count == 0)
        {
            return [];
        }

        var types = new Dictionary<uint, (string Name, uint Element, char Delimiter)>();
        await using var command = new NpgsqlCommand(Query, connection);
        command.Parameters.Add(new() { Value = fields.Select(field => field.Type).Distinct().ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            types[reader.GetFieldValue<uint>(0)] = (reader.GetString(1), (uint)reader.GetInt64(2), reader.GetString(3)[0]);
        }

        return [.. fields.Select(field => types.TryGetValue(field.Type, out var type)
            ? new PostgresColumn(
                field.Name, type.Name, Shapes.GetValueOrDefault(type.Element != 0 ? type.Element : field.Type), type.Element != 0 ? type.Delimiter : null)
            : new PostgresColumn(field.Name, "unknown", PostgresShape.Text, null))];
    }
}
