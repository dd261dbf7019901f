using McpPlatform.McpService.Credentials.OAuth;
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
        await SweepAsync<UpstreamCredential>((db, after) => db.Credentials.FromSql($"""
            SELECT * FROM mcp.upstream_credentials WHERE headers_key <> {protector.ActiveKey} AND id > {after} ORDER BY id LIMIT {Batch} FOR UPDATE SKIP LOCKED
            """), row => row.Id, row => row.Rewrap(protector), cancellationToken);
        await SweepAsync<UpstreamToken>((db, after) => db.UpstreamTokens.FromSql($"""
            SELECT * FROM mcp.upstream_tokens WHERE tokens_key <> {protector.ActiveKey} AND id > {after} ORDER BY id LIMIT {Batch} FOR UPDATE SKIP LOCKED
            """), row => row.Id, row => row.Rewrap(protector), cancellationToken);
        await SweepAsync<UpstreamClient>((db, after) => db.UpstreamClients.FromSql($"""
            SELECT * FROM mcp.upstream_clients WHERE client_key <> {protector.ActiveKey} AND server_id > {after} ORDER BY server_id LIMIT {Batch} FOR UPDATE SKIP LOCKED
            """), row => row.ServerId, row => row.Rewrap(protector), cancellationToken);
    }

    private async Task SweepAsync<T>(Func<McpDbContext, Guid, IQueryable<T>> read, Func<T, Guid> id, Action<T> rewrap, CancellationToken cancellationToken)
        where T : class
    {
        for (Guid? after = Guid.Empty; after is { } position;)
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            var rows = await read(db, position).AsTracking().ToListAsync(cancellationToken);
            foreach (var row in rows)
            {
                try
                {
                    rewrap(row);
                }
                catch (SecretUnreadableException exception)
                {
                    // It stays as it is: nothing is deleted, and a key that comes back opens it again.
                    LogUnreadable(id(row), exception.Message);
                }
            }

            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            after = rows.Count < Batch ? null : id(rows[^1]);
        }
    }

    [LoggerMessage(1450, LogLevel.Warning, "The credential {Id} of an MCP server stays under its old key: {Reason}")]
    private partial void LogUnreadable(Guid id, string reason);

    [LoggerMessage(1451, LogLevel.Warning, "Credentials of MCP servers could not be encrypted anew; trying again in a minute")]
    private partial void LogFailed(Exception exception);
}
