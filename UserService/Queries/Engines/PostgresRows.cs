using System.Buffers;
using System.Text.Json;
using Npgsql;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>Rows as they come from the server: a value is held only while it is written, and of a long one only its beginning.</summary>
/// <param name="command">What runs.</param>
/// <param name="reader">Its result, read in sequence.</param>
/// <param name="columns">Its columns.</param>
internal sealed class PostgresRows(NpgsqlCommand command, NpgsqlDataReader reader, IReadOnlyList<PostgresColumn> columns) : IResultRows
{
    public IReadOnlyList<ResultColumn> Columns { get; } = [.. columns.Select(column => new ResultColumn(column.Name, column.Type))];

    public int Changed => Math.Max(0, reader.RecordsAffected);

    public async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.Translate(exception) is not null)
        {
            throw PostgresErrors.Translate(exception)!;
        }
    }

    public async Task<bool> WriteRowAsync(Utf8JsonWriter json, CellLimits limits, CancellationToken cancellationToken)
    {
        try
        {
            var whole = true;
            json.WriteStartArray();
            for (var i = 0; i < columns.Count; i++)
            {
                whole &= await WriteCellAsync(json, i, limits.Next(json), cancellationToken);
            }

            json.WriteEndArray();
            return whole;
        }
        catch (Exception exception) when (PostgresErrors.Translate(exception) is not null)
        {
            throw PostgresErrors.Translate(exception)!;
        }
    }

    public async Task CancelAsync()
    {
        command.Cancel();
        try
        {
            await reader.DisposeAsync();
        }
        catch (PostgresException)
        {
            // 57014: it was stopped, as was asked.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await command.DisposeAsync();
    }

    private async Task<bool> WriteCellAsync(Utf8JsonWriter json, int column, int maxCell, CancellationToken cancellationToken)
    {
        if (await reader.IsDBNullAsync(column, cancellationToken))
        {
            json.WriteNullValue();
            return true;
        }

        using var text = await reader.GetTextReaderAsync(column, cancellationToken);
        var buffer = ArrayPool<char>.Shared.Rent(maxCell + 1);
        try
        {
            var length = await text.ReadBlockAsync(buffer.AsMemory(0, maxCell + 1), cancellationToken);
            if (length <= maxCell)
            {
                PostgresText.Write(json, new string(buffer, 0, length), columns[column]);
                return true;
            }

            // Half an array or half a JSON document is neither: what is cut is text.
            json.WriteStringValue(buffer.AsSpan(0, maxCell > 0 && char.IsHighSurrogate(buffer[maxCell - 1]) ? maxCell - 1 : maxCell));
            return false;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }
}
