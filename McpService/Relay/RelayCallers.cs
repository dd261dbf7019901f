using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>Who makes the HTTP request that is being answered, kept so that a call can outlive it.</summary>
internal sealed class RelayCallers(IHttpContextAccessor accessor, AccessPolicySource policy, Registry registry)
{
    /// <param name="bundle">The bundle whose endpoint is used. A token that is limited to it may use what is in it.</param>
    public RelayCaller Current(string? bundle = null)
    {
        var context = accessor.HttpContext ?? throw new InvalidOperationException("There is no HTTP request.");
        var user = CurrentUser.From(context.User) ?? throw new InvalidOperationException("Nobody is logged in.");
        var caller = user.ToCaller();
        return new(user, BearerToken(context.Request), context.Connection.RemoteIpAddress?.ToString(), () => Access(caller, bundle));
    }

    /// <summary>A tool call of a caller that is no MCP client.</summary>
    public RelayCall Call(string tool, JsonObject? arguments, TimeSpan timeout) =>
        Request(RequestMethods.ToolsCall, new JsonObject { ["name"] = tool, ["arguments"] = arguments?.DeepClone() ?? new JsonObject() }, timeout);

    /// <summary>A request of a caller that is no MCP client.</summary>
    public RelayCall Request(string method, JsonObject parameters, TimeSpan timeout) => new()
    {
        Method = method,
        Parameters = parameters,
        Scope = registry.Current.Everything,
        Caller = Current(),
        Client = RelayClient.None,
        Leg = SilentLeg.Instance,
        Timeout = timeout,
    };

    private CallerAccess Access(Caller caller, string? bundle)
    {
        var compiled = policy.Current;
        return bundle is not null && caller.Limits.Count > 0 && compiled.Decide(caller, Permissions.McpToolsCall, AccessResource.Bundle(bundle)).Allowed
            ? compiled.For(caller with { Limits = [] })
            : compiled.For(caller);
    }

    private static string? BearerToken(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } value && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value["Bearer ".Length..].Trim() : null;
}
