using System.ComponentModel;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Export;

internal static class ExportRows
{
    /// <summary>Telemetry, as much of it as there is. A download that breaks off was not finished: it has no proper end.</summary>
    public static IResult Handle(
        AnalyticsDbContext db,
        [AsParameters] ExportQuery query,
        TimeProvider time,
        [Description("requests, page-views, system-metrics or mcp-servers; requests when nothing is said.")] string data = "requests")
    {
        db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
        return query.FindMistake(time) ?? data switch
        {
            "requests" => query.Write(db.Requests, data, time),
            "page-views" => query.Write(db.PageViews, data, time),
            "system-metrics" => query.Write(db.SystemMetrics, data, time),
            "mcp-servers" => query.Write(db.ServerStatus, data, time),
            _ => ProblemExtensions.Invalid("data", "data must be requests, page-views, system-metrics or mcp-servers; activities are exported at audit/export."),
        };
    }

    /// <summary>The audit trail. That somebody took it is in it.</summary>
    public static async Task<IResult> HandleAuditAsync(AnalyticsDbContext db, [AsParameters] ExportQuery query, ActivityLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (query.FindMistake(time) is { } mistake)
        {
            return mistake;
        }

        // From here on it is settled what "now" is.
        var (from, to) = query.RangeAt(time)!.Value;
        db.AddToOutbox(log.Create("audit.export", ActivityOutcomes.Succeeded, "audit", "activities") with
        {
            Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["from"] = $"{from:O}", ["to"] = $"{to:O}", ["format"] = query.Format ?? "ndjson" },
        });
        await db.SaveChangesAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
        return (query with { From = from, To = to }).Write(db.Activities, "activities", time);
    }
}
