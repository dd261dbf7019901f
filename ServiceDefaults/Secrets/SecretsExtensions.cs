using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Secrets;

/// <summary>Secrets that a service stores.</summary>
public static class SecretsExtensions
{
    /// <summary>Adds the <see cref="SecretProtector"/>, with its keys from <c>DATA_ENCRYPTION_KEYS</c> and <c>JWT_SECRET_KEY</c>.</summary>
    /// <param name="builder">The service.</param>
    public static void AddSecretProtection(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<SecretsOptions>().BindConfiguration(string.Empty).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SecretsOptions>, SecretsOptionsValidator>());
        builder.Services.TryAddSingleton<SecretProtector>();
    }

    /// <summary>
    /// Keeps the service from being ready while it stores secrets under a key that the operator has not given: with the wrong key everything that
    /// needs them would fail one by one. Nothing is deleted. A single damaged secret does not count, since the key's name is kept in a column of its own.
    /// </summary>
    /// <typeparam name="TContext">The service's database.</typeparam>
    /// <param name="builder">The service.</param>
    /// <param name="check">The name of the health check, such as <c>connection-secrets</c>.</param>
    /// <param name="keys">The names of the keys in use (<see cref="SecretProtector.KeyOf"/>), from their column.</param>
    public static void AddStoredSecrets<TContext>(this WebApplicationBuilder builder, string check, Func<TContext, IQueryable<string>> keys)
        where TContext : DbContext
    {
        builder.AddSecretProtection();
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            check, provider => new StoredSecretsCheck<TContext>(provider.GetRequiredService<TContext>(), provider.GetRequiredService<SecretProtector>(), keys),
            HealthStatus.Unhealthy, tags: null, TimeSpan.FromSeconds(5)));
    }

    private sealed class StoredSecretsCheck<TContext>(TContext db, SecretProtector protector, Func<TContext, IQueryable<string>> keys) : IHealthCheck
        where TContext : DbContext
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            var unknown = (await keys(db).Distinct().ToListAsync(cancellationToken)).Where(key => !protector.Knows(key)).ToList();
            return unknown.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(
                $"Secrets are stored under {string.Join(", ", unknown)}, which neither DATA_ENCRYPTION_KEYS nor JWT_SECRET_KEY gives: add the key again.");
        }
    }
}
