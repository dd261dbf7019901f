using McpPlatform.AnalyticsService.Data;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>Something to count by, such as the route of a request.</summary>
/// <param name="Name">As it is stored, and as <c>group_by</c> names it.</param>
/// <param name="Value">The text of a row's value, in SQL; NULL leaves the row out.</param>
internal sealed record RollupDimension(string Name, string Value);

/// <summary>What is counted of a table of events. Every expression is SQL over a row of that table, and none of it comes from outside.</summary>
internal sealed record RollupSource
{
    /// <summary>The dimension of everything together, which has one value: the empty text.</summary>
    public const string All = "";

    /// <summary>As it is stored.</summary>
    public required string Name { get; init; }

    /// <summary>The table of events.</summary>
    public required string Table { get; init; }

    /// <summary>Which of its rows.</summary>
    public string Where { get; init; } = "true";

    /// <summary>What percentiles are of.</summary>
    public required string Value { get; init; }

    public string Refused { get; init; } = "false";

    public string Failed { get; init; } = "false";

    public string RequestBytes { get; init; } = "0";

    public string ResponseBytes { get; init; } = "0";

    public required IReadOnlyList<RollupDimension> Dimensions { get; init; }

    public string QualifiedTable => $"{AnalyticsDbContext.Schema}.{Table}";

    /// <summary>The dimension of this name.</summary>
    public RollupDimension Dimension(string name) => Dimensions.Single(dimension => dimension.Name == name);
}
