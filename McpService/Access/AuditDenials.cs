using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Protocol;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Access;

/// <summary>On an endpoint: a caller who is known but not allowed leaves a record.</summary>
/// <param name="Action">What was tried.</param>
/// <param name="TargetType">The kind of thing that it was tried on.</param>
internal sealed record AuditDenials(string Action, string TargetType);

/// <summary>Writes the record. Handlers do not run for a request that authorization refuses.</summary>
internal sealed class AuditDenialsHandler : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler inner = new();
    private readonly RecordDenials<McpDbContext> others = new();

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AuditDenials>() is not { } audit)
        {
            await others.HandleAsync(next, context, policy, authorizeResult);
            return;
        }

        if (authorizeResult.Forbidden)
        {
            var db = context.RequestServices.GetRequiredService<McpDbContext>();
            var activities = context.RequestServices.GetRequiredService<ActivityLog>();
            var (server, tool) = (context.Request.RouteValues["id"] as string, context.Request.RouteValues["tool"] as string);
            db.AddToOutbox(activities.Create(audit.Action, ActivityOutcomes.Denied, audit.TargetType, server is null ? null : Targets.Of(server, tool)) with
            {
                Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = "permission" },
            });
            await db.SaveChangesAsync(CancellationToken.None);
            AskForMore(context);
        }

        await inner.HandleAsync(next, context, policy, authorizeResult);
    }

    // A client of an MCP endpoint learns what to ask for: RFC 6750 section 3.1, and the step-up of MCP's authorization.
    private static void AskForMore(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<McpEndpointMarker>() is null)
        {
            return;
        }

        var platform = context.RequestServices.GetRequiredService<IOptions<PlatformAuthenticationOptions>>().Value;
        var metadata = new Uri(new Uri(platform.CanonicalIssuer), "/.well-known/oauth-protected-resource" + context.Request.Path.ToUriComponent().TrimEnd('/'));
        context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{Permissions.McpToolsCall}\", resource_metadata=\"{metadata.AbsoluteUri}\"";
    }
}
