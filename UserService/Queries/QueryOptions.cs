using System.ComponentModel.DataAnnotations;

namespace McpPlatform.UserService.Queries;

/// <summary>How much a query may take: <c>Queries__…</c>.</summary>
internal sealed class QueryOptions
{
    public const string Section = "Queries";

    /// <summary>The most rows of one answer, and what is meant when nothing is asked for.</summary>
    [Range(1, 100_000, ErrorMessage = "Queries__MaxRows must be 1 to 100000.")]
    public int MaxRows { get; set; } = 10_000;

    /// <summary>The most bytes of one answer, in MiB.</summary>
    [Range(1, 64, ErrorMessage = "Queries__MaxMegabytes must be 1 to 64.")]
    public int MaxMegabytes { get; set; } = 16;

    /// <summary>The most characters of one value.</summary>
    [Range(1_000, 16_777_216, ErrorMessage = "Queries__MaxCell must be 1000 to 16777216.")]
    public int MaxCell { get; set; } = 1_048_576;

    /// <summary>The most seconds of one query.</summary>
    [Range(1, 60, ErrorMessage = "Queries__MaxSeconds must be 1 to 60.")]
    public int MaxSeconds { get; set; } = 30;

    /// <summary>How many seconds a query has when nothing is asked for.</summary>
    [Range(1, 60, ErrorMessage = "Queries__DefaultSeconds must be 1 to 60.")]
    public int DefaultSeconds { get; set; } = 15;

    /// <summary>The same for a streamed answer, which is never held in memory.</summary>
    [Range(1, 100_000_000, ErrorMessage = "Queries__StreamMaxRows must be 1 to 100000000.")]
    public int StreamMaxRows { get; set; } = 1_000_000;

    [Range(1, 65_536, ErrorMessage = "Queries__StreamMaxMegabytes must be 1 to 65536.")]
    public int StreamMaxMegabytes { get; set; } = 256;

    [Range(1, 3_600, ErrorMessage = "Queries__StreamMaxSeconds must be 1 to 3600.")]
    public int StreamMaxSeconds { get; set; } = 90;

    /// <summary>How many queries one user may have under way at once, in each replica.</summary>
    [Range(1, 100, ErrorMessage = "Queries__PerUser must be 1 to 100.")]
    public int PerUser { get; set; } = 4;

    /// <summary>How many queries all users may have under way at once, in each replica: what answers may take of its memory.</summary>
    [Range(1, 1_000, ErrorMessage = "Queries__Together must be 1 to 1000.")]
    public int Together { get; set; } = 32;
}
