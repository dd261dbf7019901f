using McpPlatform.McpService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Approvals;

/// <summary>Removes approvals that ended a week ago; the audit trail keeps who approved what.</summary>
internal sealed partial class PruneApprovals(IServiceScopeFactory scopes, TimeProvider time, ILogger<PruneApprovals> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1), Kept = TimeSpan.FromDays(7);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var before = time.GetUtcNow() - Kept;
                await scope.ServiceProvider.GetRequiredService<McpDbContext>().Approvals.Where(row => row.ExpiresAt < before).ExecuteDeleteAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(1560, LogLevel.Warning, "Old approvals could not be removed; trying again in an hour")]
    private partial void LogFailed(Exception exception);
}
