using System.Text.Json;
using MassTransit;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>Who may call an endpoint, and what a caller may use.</summary>
public static class AuthorizationExtensions
{
    /// <summary>Only callers whose token carries the permission; 401 without a token, 403 without the permission.</summary>
    /// <typeparam name="TBuilder">A route or a group of routes.</typeparam>
    /// <param name="builder">What is protected.</param>
    /// <param name="permission">One of <see cref="Permissions"/>.</param>
    /// <returns>The same builder.</returns>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(new PermissionRequirement(permission)));

    /// <summary>
    /// <see cref="AccessDecider"/> for the caller of a request, on the policy in the service's own database (<see cref="AccessPolicySource"/>). Without a policy
    /// the service is not ready and what needs a decision is answered with 503. A service that does not own the policy also calls <see cref="AddAccessPolicyCopy"/>.
    /// </summary>
    /// <typeparam name="TContext">The database, whose model calls <see cref="AddAccessPolicy(ModelBuilder)"/>.</typeparam>
    /// <param name="builder">The service.</param>
    public static void AddAccessPolicy<TContext>(this WebApplicationBuilder builder)
        where TContext : DbContext
    {
        builder.Services.AddSingleton(provider => new AccessPolicySource(
            provider.GetRequiredService<IServiceScopeFactory>(), typeof(TContext), provider.GetRequiredService<ILogger<AccessPolicySource>>()));
        builder.Services.AddHostedService(provider => provider.GetRequiredService<AccessPolicySource>());
        builder.Services.AddHealthChecks().AddCheck<AccessPolicySource>("access-policy");
        builder.Services.AddScoped<AccessDecider>();
    }

    /// <summary>Keeps the copy up to date with what UserService publishes, and asks for it while there is none.</summary>
    /// <param name="bus">The service's consumers.</param>
    public static void AddAccessPolicyCopy(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<KeepAccessPolicy>();
        bus.AddHostedService<AskForAccessPolicy>();
    }

    /// <summary>The table <c>access_policy</c>.</summary>
    /// <param name="model">The service's model.</param>
    public static void AddAccessPolicy(this ModelBuilder model) => model.ApplyConfiguration(new AccessPolicyCopyConfiguration());

    /// <summary>Writes the policy into the service's database, at once or in the transaction that the context has open, unless a newer one is there.</summary>
    /// <param name="db">A context whose model calls <see cref="AddAccessPolicy(ModelBuilder)"/>.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="cancellationToken">Stops before the write.</param>
    /// <returns>False when the database holds this version or a newer one.</returns>
    public static async Task<bool> SaveAccessPolicyAsync(this DbContext db, AccessPolicy policy, CancellationToken cancellationToken)
    {
        var sql = $"""
            INSERT INTO "{db.Model.GetDefaultSchema()}".access_policy AS kept (id, version, policy) VALUES (1, @p0, @p1::jsonb)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, policy = excluded.policy WHERE kept.version < excluded.version
            """;
        return await db.Database.ExecuteSqlRawAsync(sql, [policy.Version, JsonSerializer.Serialize(policy)], cancellationToken) == 1;
    }

    /// <summary>Reads the policy that the service's database holds, for who must know it as of the transaction that the context has open.</summary>
    /// <param name="db">A context whose model calls <see cref="AddAccessPolicy(ModelBuilder)"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The policy, or null when there is none yet.</returns>
    public static async Task<AccessPolicy?> LoadAccessPolicyAsync(this DbContext db, CancellationToken cancellationToken)
    {
        var copy = await db.Set<AccessPolicyCopy>().AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        return copy is null ? null : JsonSerializer.Deserialize<AccessPolicy>(copy.Policy);
    }
}
