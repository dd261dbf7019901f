using McpPlatform.Contracts.Identity;
using static McpPlatform.EndToEnd.Tests.Authorization.Matrix;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>AnalyticsService.</summary>
internal static class AnalyticsRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        Needs("GET /api/analytics/summary", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/requests", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/activities", Permissions.AuditRead),
        Needs("GET /api/analytics/page-views", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/system-metrics", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/mcp-servers", Permissions.AnalyticsRead),
        SignedIn("POST /api/analytics/page-views", 202, new { path = "/home" }),
    ];
}
