using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Audit;
using McpPlatform.AnalyticsService.Errors;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Export;
using McpPlatform.AnalyticsService.Live;
using McpPlatform.AnalyticsService.McpServers;
using McpPlatform.AnalyticsService.PageViews;
using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Rejected;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.AnalyticsService.Summary;
using McpPlatform.AnalyticsService.SystemMetrics;
using McpPlatform.AnalyticsService.Timeseries;
using McpPlatform.AnalyticsService.Usage;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.AnalyticsService;

internal static class AnalyticsApi
{
    public const string Route = "/api/analytics";

    public static void MapAnalyticsApi(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup(Route).WithTags("Analytics").RequireAuthorization().AddEndpointFilter(PlainQuery.CheckAsync)
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        var figures = group.MapGroup(string.Empty).AddEndpointFilter(EntityTags.AddAsync).RequirePermission(Permissions.AnalyticsRead);
        figures.MapGet("/summary", GetSummary.HandleAsync).WithName("GetSummary");
        figures.MapGet("/timeseries", GetTimeseries.HandleAsync).WithName("GetTimeseries");
        figures.MapGet("/errors", ListErrors.HandleAsync).WithName("ListErrors");
        figures.MapGet("/usage/tools", ListUsage.ToolsAsync).WithName("ListToolUsage");
        figures.MapGet("/usage/users", ListUsage.UsersAsync).WithName("ListUserUsage");
        figures.MapGet("/mcp-servers/uptime", ListUptime.HandleAsync).WithName("ListServerUptime");
        group.MapGet("/requests", ListRequests.HandleAsync).WithName("ListRequests").RequirePermission(Permissions.AnalyticsRead);
        group.MapGet("/activities", ListActivities.HandleAsync).WithName("ListActivities").RequirePermission(Permissions.AuditRead);
        group.MapGet("/page-views", ListPageViews.HandleAsync).WithName("ListPageViews").RequirePermission(Permissions.AnalyticsRead);
        group.MapGet("/system-metrics", ListSystemMetrics.HandleAsync).WithName("ListSystemMetrics").RequirePermission(Permissions.AnalyticsRead);
        group.MapGet("/mcp-servers", ListServerStatus.HandleAsync).WithName("ListServerStatus").RequirePermission(Permissions.AnalyticsRead);
        group.MapGet("/live", StreamLive.Handle).WithName("StreamLive").RequirePermission(Permissions.AnalyticsRead);
        group.MapGet("/rejected-events", ListRejected.HandleAsync).WithName("ListRejectedEvents").RequirePermission(Permissions.AuditRead);
        group.MapGet("/export", ExportRows.Handle).WithName("ExportRows").RequirePermission(Permissions.AnalyticsRead)
            .Produces(StatusCodes.Status200OK, contentType: "application/x-ndjson", additionalContentTypes: "text/csv").ProducesValidationProblem();
        group.MapGet("/audit/export", ExportRows.HandleAuditAsync).WithName("ExportAudit").RequirePermission(Permissions.AuditRead)
            .Produces(StatusCodes.Status200OK, contentType: "application/x-ndjson", additionalContentTypes: "text/csv").ProducesValidationProblem();

        group.MapGet("/audit/verify", AuditEndpoints.VerifyAsync).WithName("VerifyAudit").RequirePermission(Permissions.AuditRead);
        group.MapGet("/audit/checkpoints", AuditEndpoints.CheckpointsAsync).WithName("ListAuditCheckpoints").RequirePermission(Permissions.AuditRead);
        group.MapGet("/audit/keys", AuditEndpoints.KeysAsync).WithName("GetAuditKeys").RequirePermission(Permissions.AuditRead);

        group.MapPost("/erasures", ErasureEndpoints.EraseAsync).WithName("EraseUserData").RequirePermission(Permissions.UsersManage).ProducesValidationProblem();
        group.MapGet("/erasures/{id:guid}", ErasureEndpoints.GetAsync).WithName("GetErasure").RequirePermission(Permissions.UsersManage).ProducesProblem(StatusCodes.Status404NotFound);

        // Everyone who is signed in looks at pages; the viewer is taken from the token.
        group.MapPost("/page-views", RecordPageView.Handle).WithName("RecordPageView");
        group.MapPost("/page-views/batch", RecordPageView.HandleMany).WithName("RecordPageViews");
    }
}
