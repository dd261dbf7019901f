using McpPlatform.Contracts.Identity;
using static McpPlatform.EndToEnd.Tests.Authorization.Matrix;

namespace McpPlatform.EndToEnd.Tests.Authorization;

/// <summary>AnalyticsService.</summary>
internal static class AnalyticsRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        Needs("GET /api/analytics/summary", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/timeseries", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/errors", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/usage/tools", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/usage/users", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/mcp-servers/uptime", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/requests", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/activities", Permissions.AuditRead),
        Needs("GET /api/analytics/page-views", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/system-metrics", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/mcp-servers", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/live", Permissions.AnalyticsRead, 200, (_, _) => Task.FromResult(new Ask("/api/analytics/live?seconds=1"))),
        Needs("GET /api/analytics/rejected-events", Permissions.AuditRead),
        Needs("GET /api/analytics/export", Permissions.AnalyticsRead),
        Needs("GET /api/analytics/audit/export", Permissions.AuditRead),
        Needs("GET /api/analytics/audit/verify", Permissions.AuditRead),
        Needs("GET /api/analytics/audit/checkpoints", Permissions.AuditRead),
        Needs("GET /api/analytics/audit/keys", Permissions.AuditRead),
        Needs("POST /api/analytics/erasures", Permissions.UsersManage, 202, new { user_id = Guid.Empty }),
        Needs("GET /api/analytics/erasures/{id}", Permissions.UsersManage, 404, (_, _) => Task.FromResult(new Ask($"/api/analytics/erasures/{Guid.NewGuid()}"))),
        SignedIn("POST /api/analytics/page-views", 202, new { path = "/home" }),
        SignedIn("POST /api/analytics/page-views/batch", 202, new { views = new[] { new { path = "/home", session_id = "s", ago_ms = 10 } } }),
    ];
}
