using System.Text.Json.Serialization;

namespace McpPlatform.UserService.Queries.Schema;

/// <summary>A table or view.</summary>
/// <param name="Schema">Where it is.</param>
/// <param name="Name">As the database writes it.</param>
/// <param name="Kind"><c>table</c>, <c>view</c>, <c>materialized_view</c> or <c>foreign_table</c>.</param>
/// <param name="Comment">What its owner wrote about it; left out where there is none.</param>
/// <param name="Columns">In the table's order.</param>
/// <param name="ForeignKeys">To other tables.</param>
/// <param name="Indexes">Beside the primary key's.</param>
/// <param name="PrimaryKeyPlaces">The columns of the primary key with their places in it.</param>
internal sealed record TableDescription(
    [property: JsonIgnore] string Schema,
    string Name,
    string Kind,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Comment,
    List<ColumnDescription> Columns,
    List<ForeignKeyDescription> ForeignKeys,
    List<IndexDescription> Indexes,
    [property: JsonIgnore] List<(int Place, string Column)> PrimaryKeyPlaces)
{
    /// <summary>The columns of the primary key, in its order.</summary>
    public IEnumerable<string> PrimaryKey => PrimaryKeyPlaces.OrderBy(part => part.Place).Select(part => part.Column);
}

/// <summary>A column.</summary>
/// <param name="Name">As the database writes it.</param>
/// <param name="Type">The database's own name of its type, with its length.</param>
/// <param name="Nullable">Whether it may be null.</param>
/// <param name="Default">The expression of its default; left out where there is none.</param>
/// <param name="Comment">What its owner wrote about it; left out where there is none.</param>
internal sealed record ColumnDescription(
    string Name,
    string Type,
    bool Nullable,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Default,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Comment);

/// <summary>A foreign key.</summary>
/// <param name="Name">The constraint's.</param>
/// <param name="Columns">Of this table.</param>
/// <param name="References">What they refer to, column by column.</param>
internal sealed record ForeignKeyDescription(string Name, List<string> Columns, ReferenceDescription References);

/// <summary>What a foreign key refers to.</summary>
internal sealed record ReferenceDescription(string Schema, string Table, List<string> Columns);

/// <summary>An index.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unique">Whether no two rows may have the same.</param>
/// <param name="Columns">Columns or expressions, in the index's order.</param>
internal sealed record IndexDescription(string Name, bool Unique, List<string> Columns);
