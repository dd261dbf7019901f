using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace McpPlatform.McpService.BuiltIn.Database;

internal sealed record ListConnectionsInput;

internal record ConnectionInput
{
    [Description("The name or the id of one of your connections, as list_connections tells it.")]
    [StringLength(200, MinimumLength = 1, ErrorMessage = "connection must have 1 to 200 characters.")]
    public required string Connection { get; init; }
}

internal sealed record DescribeSchemaInput : ConnectionInput
{
    [Description("Only this schema (in MySQL: database), by its exact name.")]
    [MaxLength(128, ErrorMessage = "schema may have at most 128 characters.")]
    public string? Schema { get; init; }

    [Description("Only tables and views of this exact name.")]
    [MaxLength(128, ErrorMessage = "table may have at most 128 characters.")]
    public string? Table { get; init; }

    [Description("Only tables and views with this in their name, in any case.")]
    [MaxLength(128, ErrorMessage = "search may have at most 128 characters.")]
    public string? Search { get; init; }

    [Description("The most tables, 1 to 200. 50 when left out.")]
    [Range(1, 200, ErrorMessage = "limit must be 1 to 200.")]
    public int Limit { get; init; } = 50;

    [Description("next_cursor of the page before.")]
    [MaxLength(4000, ErrorMessage = "cursor must be the next_cursor of the page before.")]
    public string? Cursor { get; init; }
}

internal sealed record QueryInput : ConnectionInput
{
    [Description("One SQL statement in the dialect of the database. Put values into parameters, not into the text.")]
    [StringLength(100_000, MinimumLength = 1, ErrorMessage = "query must be one statement of at most 100000 characters.")]
    public required string Query { get; init; }

    [Description("Values for the statement's places: an array for $1 (PostgreSQL), ? (MySQL) and @p1 (SQL Server), or an object for :name and @name.")]
    public JsonElement? Parameters { get; init; }

    [Description("The most rows, 1 to 1000. 100 when left out.")]
    [Range(1, 1000, ErrorMessage = "max_rows must be 1 to 1000.")]
    public int MaxRows { get; init; } = 100;

    [Description("The most milliseconds that the database may take, 1 to 30000. 10000 when left out.")]
    [Range(1, 30_000, ErrorMessage = "timeout_ms must be 1 to 30000.")]
    public int TimeoutMs { get; init; } = 10_000;
}

internal sealed record ConnectionItem(
    Guid Id, [property: Description("What the other tools take as connection.")] string Name, string Owner, [property: Description("It is the caller's own, and not shared with the caller.")] bool IsOwner,
    [property: Description("postgresql, mysql or sqlserver: the SQL dialect to write.")] string DatabaseType, string Database,
    [property: Description("Nobody writes through it.")] bool ReadOnly);

internal sealed record ConnectionsOutput(IReadOnlyList<ConnectionItem> Connections);

internal sealed record SchemaOutput(
    string Connection, string DatabaseType, [property: Description("Schemas with their tables, columns, keys, indexes and comments.")] JsonElement Schemas,
    [property: Description("cursor for the next page; null when this is the last.")] string? NextCursor);

internal sealed record QueryOutput(
    [property: Description("Name and type of each column.")] JsonElement Columns, [property: Description("Each row as an array, in the order of the columns.")] JsonElement Rows,
    [property: Description("Rows returned, or changed by a statement that returns none.")] long RowCount,
    [property: Description("There is more: rows were left out, or a long value was cut.")] bool Truncated, double ElapsedMs);
