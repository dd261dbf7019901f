using System.Text.Json;
using McpPlatform.Contracts.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>
/// The access policy in memory, compiled; it follows the copy in the service's own database within half a second. A database that is away changes nothing: the
/// last policy stays in force. The service is not ready before it has one.
/// </summary>
public sealed partial class AccessPolicySource : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500), FirstRead = TimeSpan.FromSeconds(5);
    private readonly IServiceScopeFactory scopes;
    private readonly Type contextType;
    private readonly ILogger logger;
    private readonly SemaphoreSlim reading = new(1);
    private volatile CompiledPolicy? current;
    private bool isBehind;

    internal AccessPolicySource(IServiceScopeFactory scopes, Type contextType, ILogger<AccessPolicySource> logger)
    {
        this.scopes = scopes;
        this.contextType = contextType;
        this.logger = logger;
    }

    /// <summary>The policy in force.</summary>
    /// <exception cref="AccessPolicyMissingException">There is none yet; the request is answered with 503.</exception>
    public CompiledPolicy Current => current ?? throw new AccessPolicyMissingException();

    internal bool IsMissing => current is null;

    /// <summary>Reads the database now, for who has just written the policy and wants to be judged by it.</summary>
    /// <param name="cancellationToken">Stops before anything is changed.</param>
    /// <returns>When the policy of the database is in force in this process.</returns>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        // One at a time: a slow read must not put back what a later one has replaced.
        await reading.WaitAsync(cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var version = current?.Version ?? -1;
            var changed = await Context(scope).Set<AccessPolicyCopy>().AsNoTracking().SingleOrDefaultAsync(copy => copy.Version != version, cancellationToken);
            if (changed is not null)
            {
                current = new CompiledPolicy(JsonSerializer.Deserialize<AccessPolicy>(changed.Policy)!);
                LogInForce(changed.Version);
            }

            isBehind = false;
        }
        finally
        {
            reading.Release();
        }
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(IsMissing ? HealthCheckResult.Unhealthy("There is no access policy yet.") : HealthCheckResult.Healthy());

    /// <summary>Before the first request is answered; a database that is away does not keep the process from starting.</summary>
    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FirstRead);
        await TryRefreshAsync(limit.Token);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        reading.Dispose();
        base.Dispose();
    }

    internal async Task KeepAsync(AccessPolicy policy, CancellationToken cancellationToken)
    {
        await using (var scope = scopes.CreateAsyncScope())
        {
            await Context(scope).SaveAccessPolicyAsync(policy, cancellationToken);
        }

        await RefreshAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Poll);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryRefreshAsync(stoppingToken);
        }
    }

    private DbContext Context(AsyncServiceScope scope) => (DbContext)scope.ServiceProvider.GetRequiredService(contextType);

    private async Task TryRefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (Exception exception) when (!isBehind)
        {
            isBehind = true;
            LogNotRead(exception);
        }
        catch (Exception)
        {
            // Said once; the next poll tries again.
        }
    }

    [LoggerMessage(30, LogLevel.Information, "Access policy {Version} is in force")]
    private partial void LogInForce(long version);

    [LoggerMessage(31, LogLevel.Warning, "The access policy could not be read; the last one stays in force")]
    private partial void LogNotRead(Exception exception);
}
