namespace McpPlatform.LocalHosting;

/// <summary>Where resources listen and how their health is asked for.</summary>
public static class EndpointExtensions
{
    /// <summary>Refers to an endpoint by name.</summary>
    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, string name) where T : IResourceWithEndpoints =>
        new(builder.Resource, name);

    /// <summary>Adds an http endpoint; <paramref name="env"/> names the variable that tells the process its port.</summary>
    public static IResourceBuilder<T> WithHttpEndpoint<T>(
        this IResourceBuilder<T> builder, int? port = null, int? targetPort = null, string? name = null, string? env = null, bool? isProxied = null)
        where T : IResourceWithEndpoints
    {
        name ??= "http";
        if (builder.Resource.Endpoints().Any(endpoint => endpoint.Name == name))
        {
            throw new DistributedApplicationException($"The resource '{builder.Resource.Name}' already has an endpoint named '{name}'.");
        }

        var annotation = new EndpointAnnotation("http", name, port, targetPort) { IsProxied = isProxied ?? true, PortVariable = env };
        if (env is not null)
        {
            var port0 = new EndpointReference(builder.Resource, name).Property(EndpointProperty.TargetPort);
            builder.WithAnnotation(new EnvironmentCallbackAnnotation(context => context.EnvironmentVariables[env] = port0));
        }

        return builder.WithAnnotation(annotation);
    }

    /// <summary>Makes the http and https endpoints reachable from outside of the deployment.</summary>
    public static IResourceBuilder<T> WithExternalHttpEndpoints<T>(this IResourceBuilder<T> builder) where T : IResourceWithEndpoints
    {
        foreach (var endpoint in builder.Resource.Endpoints().Where(endpoint => endpoint.UriScheme is "http" or "https"))
        {
            endpoint.IsExternal = true;
        }

        return builder;
    }

    /// <summary>The resource is healthy while GET <paramref name="path"/> answers with the status (200 by default).</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(
        this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null) where T : IResourceWithEndpoints
    {
        var endpoint = builder.Resource.Endpoints().FirstOrDefault(one => endpointName is null ? one.UriScheme is "http" : one.Name == endpointName)
            ?? throw new DistributedApplicationException(
                $"'{builder.Resource.Name}' cannot have an HTTP health check: it has no {(endpointName is null ? "http endpoint" : $"endpoint named '{endpointName}'")}.");
        return builder.WithAnnotation(new HttpHealthCheckAnnotation(path ?? "/", statusCode ?? 200, endpoint.Name));
    }
}
