using System.Text.Json;
using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>Rows as they come from the server; the driver holds one at a time, and the server has cut its long values.</summary>
internal sealed class SqlServerRows(SqlCommand command, SqlDataReader reader) : IResultRows
{
    public IReadOnlyList<ResultColumn> Columns { get; } =
        [.. Enumerable.Range(0, reader.FieldCount).Select(i => new ResultColumn(reader.GetName(i), reader.GetDataTypeName(i).ToLowerInvariant()))];

    public int Changed => Math.Max(0, reader.RecordsAffected);

    public async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken);
        }
        catch (Exception exception) when (SqlServerErrors.Translate(exception) is not null)
        {
            throw SqlServerErrors.Translate(exception)!;
        }
    }

    public Task<bool> WriteRowAsync(Utf8JsonWriter json, CellLimits limits, CancellationToken cancellationToken)
    {
        try
        {
            var whole = true;
            json.WriteStartArray();
            for (var i = 0; i < Columns.Count; i++)
            {
                whole &= ClrCells.Write(json, reader.IsDBNull(i) ? DBNull.Value : Value(i, Columns[i].Type), Columns[i].Type, limits.Next(json));
            }

            json.WriteEndArray();
            return Task.FromResult(whole);
        }
        catch (Exception exception) when (SqlServerErrors.Translate(exception) is not null)
        {
            throw SqlServerErrors.Translate(exception)!;
        }
    }

    public async Task CancelAsync()
    {
        command.Cancel();
        try
        {
            await reader.DisposeAsync();
        }
        catch (SqlException)
        {
            // Number 0: it was stopped, as was asked.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await command.DisposeAsync();
    }

    private object Value(int column, string type) => type switch
    {
        // More digits than .NET's decimal; money is shown as the decimal that it is.
        "decimal" or "numeric" => reader.GetSqlDecimal(column).ToString(),

        // hierarchyid, geometry, geography: the driver would look for an assembly; their bytes need none.
        _ when reader.GetFieldType(column) is null || type.Contains('.', StringComparison.Ordinal) => reader.GetSqlBytes(column).Value,
        _ => reader.GetValue(column),
    };
}
