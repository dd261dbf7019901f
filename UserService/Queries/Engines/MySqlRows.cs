using System.Text.Json;
using MySqlConnector;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>Rows as they come from the server; the driver holds one at a time.</summary>
internal sealed class MySqlRows(MySqlCommand command, MySqlDataReader reader) : IResultRows
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
        catch (Exception exception) when (MySqlErrors.Translate(exception) is not null)
        {
            throw MySqlErrors.Translate(exception)!;
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
                var type = Columns[i].Type;

                // A decimal may have more digits than .NET's.
                object value = reader.IsDBNull(i) ? DBNull.Value : type.Contains("decimal", StringComparison.Ordinal) ? reader.GetMySqlDecimal(i).ToString() : reader.GetValue(i);
                whole &= ClrCells.Write(json, value is MySqlDateTime time ? Text(time, type) : value, type, limits.Next(json));
            }

            json.WriteEndArray();
            return Task.FromResult(whole);
        }
        catch (Exception exception) when (MySqlErrors.Translate(exception) is not null)
        {
            throw MySqlErrors.Translate(exception)!;
        }
    }

    public async Task CancelAsync()
    {
        command.Cancel();
        try
        {
            await reader.DisposeAsync();
        }
        catch (MySqlException)
        {
            // 1317: it was stopped, as was asked.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await command.DisposeAsync();
    }

    // 0000-00-00 and the like are dates here. TIMESTAMP is UTC, as the session is; DATETIME has no zone.
    private static string Text(MySqlDateTime time, string type)
    {
        var date = $"{time.Year:0000}-{time.Month:00}-{time.Day:00}";
        var fraction = time.Microsecond == 0 ? string.Empty : $".{time.Microsecond:000000}".TrimEnd('0');
        return type == "date" ? date : $"{date}T{time.Hour:00}:{time.Minute:00}:{time.Second:00}{fraction}{(type == "timestamp" ? "Z" : string.Empty)}";
    }
}
