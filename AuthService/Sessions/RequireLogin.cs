using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// What a person does with their own account needs a login of that person: an API key, or a client that was let in for something else, could make itself
/// at home there for good.
/// </summary>
internal static class RequireLoginExtensions
{
    public static TBuilder RequireLogin<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.AddEndpointFilter<TBuilder, RequireLoginFilter>();
}

internal sealed class RequireLoginFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var services = context.HttpContext.RequestServices;
        var db = services.GetRequiredService<AuthDbContext>();
        if (await db.IsLoginAsync(services.GetRequiredService<CurrentUser>(), context.HttpContext.RequestAborted))
        {
            return await next(context);
        }

        var route = (context.HttpContext.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.TrimEnd('/');
        db.AddToOutbox(services.GetRequiredService<ActivityLog>().Create("access.denied", ActivityOutcomes.Denied, "route", $"{context.HttpContext.Request.Method} {route}") with
        {
            Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["missing"] = "login" },
        });
        await db.SaveChangesAsync(CancellationToken.None);
        return ProblemExtensions.Problem(
            StatusCodes.Status403Forbidden, "This needs a login with username and password or by an external provider: the token of an API key, an OAuth client or a service is not enough.");
    }
}

internal static class Logins
{
    /// <summary>Whether a token belongs to a login that its person made for themselves and that goes on.</summary>
    public static async Task<bool> IsLoginAsync(this AuthDbContext db, CurrentUser user, CancellationToken cancellationToken)
    {
        var subject = user.Id.ToString();
        return Guid.TryParse(user.SessionId, out var id) && await db.Sessions.AnyAsync(
            one => one.Id == id && one.Subject == subject && one.Status == OpenIddictConstants.Statuses.Valid
                && one.Type == OpenIddictConstants.AuthorizationTypes.AdHoc && one.Kind != SessionKind.OAuth,
            cancellationToken);
    }
}
