using System.Collections.Frozen;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Definitions;
using McpPlatform.McpService.Upstream;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace McpPlatform.McpService.Catalogue;

/// <summary>
/// The registry in memory; it follows the database within half a second, whichever replica changed it. A database that is away changes nothing: the last
/// snapshot stays in force. The service is not ready before it has one.
/// </summary>
internal sealed partial class Registry(IServiceScopeFactory scopes, IEnumerable<IRegistryObserver> observers, TimeProvider time, ILogger<Registry> logger) : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private readonly SemaphoreSlim reading = new(1);
    private volatile RegistrySnapshot current = RegistrySnapshot.Empty;
    private bool isBehind;

    public RegistrySnapshot Current => current;

    /// <summary>Reads the database now, for who has just written to it.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        // One at a time: a slow read must not put back what a later one has replaced.
        await reading.WaitAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
            var version = await db.RegistryVersions.AsNoTracking().Select(row => row.Version).SingleAsync(cancellationToken);
            if (version != current.Version)
            {
                var before = current;
                current = await ReadAsync(db, version, cancellationToken);
                foreach (var observer in observers)
                {
                    observer.RegistryChanged(before, current);
                }
            }

            isBehind = false;
        }
        finally
        {
            reading.Release();
        }
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(current.Version >= 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The registry was not read yet."));

    public override void Dispose()
    {
        reading.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Poll, time);
        do
        {
            try
            {
                await RefreshAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isBehind)
                {
                    LogBehind(exception);
                }

                isBehind = true;
            }
        }
        while (!stoppingToken.IsCancellationRequested && await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully, TaskScheduler.Default));
    }

    // What is read after the version may be newer than it: then the next look finds another version, and reads again.
    private static async Task<RegistrySnapshot> ReadAsync(McpDbContext db, long version, CancellationToken cancellationToken)
    {
        var servers = await db.Servers.AsNoTracking().Where(server => server.Enabled).ToListAsync(cancellationToken);
        var tools = await db.Tools.AsNoTracking().Where(tool => tool.RemovedAt == null)
            .Select(tool => new { tool.ServerId, tool.Name, tool.RequiresApproval, Definition = tool.State == DefinitionStates.Approved ? tool.Definition : null }).ToListAsync(cancellationToken);
        var bundles = await db.Bundles.AsNoTracking().ToListAsync(cancellationToken);
        var byServer = tools.ToLookup(row => (row.ServerId, IsApproved: row.Definition is not null), row => new CataloguedTool(row.Name, row.Definition ?? string.Empty, row.RequiresApproval));
        return new(
            version,
            [
                .. servers.Select(server => new RegisteredServer(server.ToUpstream(), byServer[(server.Id, true)].ToFrozenDictionary(tool => tool.Name, StringComparer.Ordinal))
                {
                    Withheld = byServer[(server.Id, false)].Select(tool => tool.Name).ToFrozenSet(StringComparer.Ordinal),
                }),
            ],
            bundles);
    }

    [LoggerMessage(1040, LogLevel.Warning, "The registry could not be read; the last one stays in force")]
    private partial void LogBehind(Exception exception);
}

/// <summary>Wants to know when the registry has changed.</summary>
internal interface IRegistryObserver
{
    /// <summary>Called by who found the change, which waits for it: do not block.</summary>
    void RegistryChanged(RegistrySnapshot before, RegistrySnapshot after);
}

/// <summary>Counts the changes of the registry. One row; triggers in the database count, in the transaction of the change.</summary>
internal sealed class RegistryVersion
{
    public int Id { get; private init; }

    public long Version { get; private init; }
}
