using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>Whoever is known and asks for what the token does not allow leaves a record (ASVS 16.3.2): which route, and what was missing.</summary>
/// <typeparam name="TContext">The service's database, with its outbox.</typeparam>
public sealed class RecordDenials<TContext> : IAuthorizationMiddlewareResultHandler
    where TContext : DbContext
{
    private readonly AuthorizationMiddlewareResultHandler inner = new();

    /// <inheritdoc/>
    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Forbidden)
        {
            var services = context.RequestServices;
            var db = services.GetRequiredService<TContext>();
            var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.TrimEnd('/');
            var missing = authorizeResult.AuthorizationFailure?.FailedRequirements.Select(requirement => requirement.ToString()) ?? [];
            db.AddToOutbox(services.GetRequiredService<ActivityLog>().Create("access.denied", ActivityOutcomes.Denied, "route", $"{context.Request.Method} {route}") with
            {
                Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["missing"] = string.Join(", ", missing) },
            });

            // Also when the caller has left.
            await db.SaveChangesAsync(CancellationToken.None);
        }

        await inner.HandleAsync(next, context, policy, authorizeResult);
    }
}
