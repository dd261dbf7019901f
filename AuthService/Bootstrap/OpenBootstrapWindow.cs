using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Bootstrap;

/// <summary>Notes when the one-time secret was first seen, and says in the log how to make the first admin.</summary>
internal sealed partial class OpenBootstrapWindow(
    IServiceScopeFactory scopes, IOptions<BootstrapOptions> options, TimeProvider time, ILogger<OpenBootstrapWindow> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        if (await db.Users.AnyAsync(account => account.Roles.Contains(BuiltInRoles.Admin), cancellationToken))
        {
            return;
        }

        if (options.Value.Password is not { Length: > 0 } secret)
        {
            LogNoSecret();
            return;
        }

        // Replicas and restarts with the same secret do not prolong it.
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO auth.bootstrap_windows (secret_hash, opened_at) VALUES ({BootstrapWindow.Hash(secret)}, {time.GetUtcNow()}) ON CONFLICT DO NOTHING",
            cancellationToken);
        LogOpen((int)BootstrapOptions.Lifetime.TotalMinutes);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(220, LogLevel.Warning, "There is no admin yet: set BOOTSTRAP_PASSWORD to a random secret of at least 20 characters, start again, and POST it with a new password to /api/auth/bootstrap")]
    private partial void LogNoSecret();

    [LoggerMessage(221, LogLevel.Warning, "There is no admin yet: POST the one-time password (BOOTSTRAP_PASSWORD) with a new password to /api/auth/bootstrap within {Minutes} minutes")]
    private partial void LogOpen(int minutes);
}
