using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpPlatform.McpService.BuiltIn.Database;

/// <summary>The tools over one caller's connections.</summary>
internal sealed class DatabaseTools(DatabaseClient client, string? token)
{
    private const int MaxText = 64 * 1024, MaxCell = 200;

    public async Task<ToolAnswer<ConnectionsOutput>> ListAsync(ListConnectionsInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var all = await client.ListAsync(token, cancellationToken);
        var lines = all.Select(item => $"- {item.Name} ({item.DatabaseType}, database {item.Database}{(item.ReadOnly ? ", read-only" : "")}{(item.IsOwner ? "" : $", of {item.Owner}")}; id {item.Id})");
        return new(new(all), all.Count == 0 ? "You have no database connections. Add one in the platform first." : string.Join('\n', lines));
    }

    public async Task<ToolAnswer<SchemaOutput>> DescribeAsync(DescribeSchemaInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var connection = await client.FindAsync(input.Connection, token, cancellationToken);
        var json = await client.ReadSchemaAsync(connection.Id, input, token, cancellationToken);
        var output = new SchemaOutput(connection.Name, connection.DatabaseType, json.At("schemas") ?? JsonElement.Parse("[]"), json.TextAt("next_cursor"));
        return new(output, Read(output));
    }

    public async Task<ToolAnswer<QueryOutput>> QueryAsync(QueryInput input, ReportProgress report, CancellationToken cancellationToken)
    {
        var connection = await client.FindAsync(input.Connection, token, cancellationToken);
        var json = await client.QueryAsync(connection.Id, input, token, cancellationToken);
        var output = new QueryOutput(
            json.At("columns") ?? JsonElement.Parse("[]"), json.At("rows") ?? JsonElement.Parse("[]"), json.NumberAt("row_count") ?? 0, json.FlagAt("truncated"),
            json.At("elapsed_ms") is { ValueKind: JsonValueKind.Number } elapsed ? elapsed.GetDouble() : 0);
        return new(output, Read(output));
    }

    private static string Read(SchemaOutput schema)
    {
        var text = new StringBuilder();
        foreach (var (owner, table) in schema.Schemas.EnumerateArray().SelectMany(owner => owner.ItemsAt("tables").Select(table => (owner, table))))
        {
            text.Append(CultureInfo.InvariantCulture, $"{owner.TextAt("name")}.{table.TextAt("name")}(");
            text.AppendJoin(", ", table.ItemsAt("columns").Select(column => $"{column.TextAt("name")} {column.TextAt("type") ?? column.TextAt("data_type")}"));
            text.AppendLine(")");
        }

        text.Append(schema.NextCursor is null ? text.Length == 0 ? "No tables that fit." : "That is all." : "There is more: call it again with cursor = next_cursor.");
        return text.ToString().Cut(MaxText);
    }

    private static string Read(QueryOutput output)
    {
        var text = new StringBuilder();
        var columns = output.Columns.EnumerateArray().Select(column => Cell(column.At("name") ?? column)).ToList();
        if (columns.Count > 0)
        {
            text.Append("| ").AppendJoin(" | ", columns).AppendLine(" |").Append('|').Insert(text.Length, "---|", columns.Count).AppendLine();
        }

        foreach (var row in output.Rows.EnumerateArray())
        {
            if (text.Length > MaxText)
            {
                text.AppendLine("… the other rows are in the structured result.");
                break;
            }

            text.Append("| ").AppendJoin(" | ", row.EnumerateArray().Select(Cell)).AppendLine(" |");
        }

        text.Append(CultureInfo.InvariantCulture, $"{output.RowCount} rows{(output.Truncated ? ", and there is more: narrow the query or raise max_rows" : "")}.");
        return text.ToString();
    }

    private static string Cell(JsonElement value) =>
        (value.ValueKind == JsonValueKind.Null ? "NULL" : value.ToString()).Replace('\n', ' ').Replace("|", "\\|", StringComparison.Ordinal).Cut(MaxCell);
}
