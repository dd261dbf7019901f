using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

/// <summary>
/// Encrypts credentials anew that are under a key which is not the active one any more, a batch at a time while everything goes on. When none is left, the operator may take the old key away.
/// </summary>
internal sealed partial class RewrapCredentials(IServiceScopeFactory scopes, SecretProtector protector, TimeProvider time, ILogger<RewrapCredentials> logger) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        for (Guid? after = Guid.Empty; after is { } position;)
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var rows = await db.Credentials.FromSql($"""
                SELECT * FROM mcp.upstream_credentials WHERE headers_key <> {protector.ActiveKey} AND id > {position}
                ORDER BY id LIMIT {Batch} FOR UPDATE SKIP LOCKED
                """).AsTracking().ToListAsync(cancellationToken);
            foreach (var row in rows)
            {
                TryRewrap(row);
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            after = rows.Count < Batch ? null : rows[^1].Id;
        }
    }

    private void TryRewrap(UpstreamCredential credential)
    {
        try
        {
            credential.Rewrap(protector);
        }
        catch (SecretUnreadableException exception)
        {
            // It stays as it is: nothing is deleted, and a key that comes back opens it again.
            LogUnreadable(credential.Id, exception.Message);
        }
    }

    [LoggerMessage(1450, LogLevel.Warning, "The credential {Id} of an MCP server stays under its old key: {Reason}")]
    private partial void LogUnreadable(Guid id, string reason);

    [LoggerMessage(1451, LogLevel.Warning, "Credentials of MCP servers could not be encrypted anew; trying again in a minute")]
    private partial void LogFailed(Exception exception);
}
