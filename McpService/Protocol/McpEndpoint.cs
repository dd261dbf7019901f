using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Protocol;

/// <summary>The endpoints that speak MCP: <c>/mcp</c> and <c>/mcp/{bundle}</c>, Streamable HTTP, in the revisions with sessions and without on the same path.</summary>
internal static class McpEndpoint
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(30);

    public static void AddMcpEndpoint(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<ListChanges>();
        services.AddSingleton<IRegistryObserver>(provider => provider.GetRequiredService<ListChanges>());
        services.AddSingleton<Registry>();
        services.AddHostedService(provider => provider.GetRequiredService<Registry>());
        services.AddHealthChecks().AddCheck<Registry>("registry");
        services.AddSingleton<RelayCallers>();
        services.AddSingleton<RequestStates>();
        services.AddSingleton<ParkedCallStore>();
        services.AddSingleton<ParkedCallExchange>();
        services.AddHostedService(provider => provider.GetRequiredService<ParkedCallExchange>());
        services.AddSingleton<ParkedCalls>();
        services.AddSingleton<EraBridge>();
        services.AddSingleton<ApprovalGate>();
        services.AddSingleton<Denials>();
        services.AddSingleton<UpstreamLists>();
        services.AddSingleton<ListRelay>();
        services.AddSingleton<ItemRelay>();
        services.AddSingleton<ListenRelay>();
        services.AddSingleton<TaskTickets>();
        services.AddSingleton<TaskRelay>();
        services.AddSingleton<DiscoverComposer>();
        services.AddSingleton<RelayDispatcher>();
        services.AddHttpForwarder();
        services.AddOptions<ReplicaOptions>().BindConfiguration(ReplicaOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ReplicaOptions>, ReplicaOptionsValidator>());
        services.AddOptions<McpStreamOptions>().BindConfiguration(McpStreamOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<McpStreamOptions>, McpStreamOptionsValidator>());
        services.AddSingleton<SessionHomes>();
        services.AddSingleton<ClientSessions>();
        services.AddSingleton<SessionSubscriptions>();
        services.AddSingleton<RelayFilter>();

        // It tells of each session with its id.
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Warning);
        services.AddMcpServer(options => options.ServerInfo = new Implementation { Name = "McpPlatform", Version = typeof(McpEndpoint).Assembly.GetName().Version!.ToString(3) })
            .WithHttpTransport(options =>
            {
                options.SessionMode = HttpServerSessionMode.StatefulForInitializeClients;
#pragma warning disable MCPEXP002, MCP9006 // The one place where a session's end is seen; the sessions themselves are what older clients need.
                options.RunSessionHandler = (context, server, cancellationToken) =>
                    context.RequestServices.GetRequiredService<ClientSessions>().RunAsync(server, context.Request.RouteValues["bundle"] as string, cancellationToken);
                options.IdleTimeout = IdleTimeout;
                options.MaxIdleSessionCount = 2_000;
#pragma warning restore MCPEXP002, MCP9006
            })
            .WithMessageFilters(filters =>
            {
                filters.AddIncomingFilter(next => (context, cancellationToken) => Filter(context).Incoming(next)(context, cancellationToken));
                filters.AddOutgoingFilter(RelayFilter.Outgoing);
            });
    }

    public static void MapMcpEndpoint(this WebApplication app)
    {
        app.UseMiddleware<McpEdge>();
        var endpoints = app.MapMcp("/mcp/{bundle?}");
        endpoints.Add(endpoint => endpoint.Metadata.Add(new EndpointNameMetadata("Mcp" + endpoint.Metadata.OfType<HttpMethodMetadata>().Single().HttpMethods[0])));
        endpoints.WithMetadata(new McpEndpointMarker(), new AuditDenials(Permissions.McpToolsCall, "mcp_endpoint"))
            .RequirePermission(Permissions.McpToolsCall).ExcludeFromDescription();
    }

    private static RelayFilter Filter(ModelContextProtocol.Server.MessageContext context) => context.Server.Services!.GetRequiredService<RelayFilter>();
}
