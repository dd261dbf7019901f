namespace McpPlatform.LocalHosting;

/// <summary>A part of an endpoint's address.</summary>
public enum EndpointProperty
{
    /// <summary>The whole address.</summary>
    Url,

    /// <summary>The host name or address.</summary>
    Host,

    /// <summary>The port.</summary>
    Port,

    /// <summary>The scheme.</summary>
    Scheme,

    /// <summary>The port that the process listens on.</summary>
    TargetPort,

    /// <summary>host:port.</summary>
    HostAndPort,
}

/// <summary>Refers to an endpoint of a resource by name; its address is known once the application runs.</summary>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IValueProvider, IManifestExpressionProvider
{
    /// <summary>The resource that listens.</summary>
    public IResourceWithEndpoints Resource { get; } = owner;

    /// <summary>The endpoint's name.</summary>
    public string EndpointName { get; } = endpointName;

    /// <summary>Whether the resource has this endpoint.</summary>
    public bool Exists => Resource.Annotations.OfType<EndpointAnnotation>().Any(e => e.Name == EndpointName);

    /// <summary>The address, once allocated.</summary>
    public string Url => Annotation.AllocatedEndpoint is { } at
        ? $"{Annotation.UriScheme}://{at.Address}:{at.Port}"
        : throw new DistributedApplicationException($"The endpoint '{EndpointName}' of '{Resource.Name}' has no address before the application runs.");

    /// <inheritdoc />
    public string ValueExpression => $"{{{Resource.Name}.bindings.{EndpointName}.url}}";

    internal EndpointAnnotation Annotation =>
        Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => e.Name == EndpointName)
        ?? throw new DistributedApplicationException($"The resource '{Resource.Name}' has no endpoint named '{EndpointName}'.");

    /// <summary>One part of the address.</summary>
    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
        Property(EndpointProperty.Url).GetValueAsync(cancellationToken);
}

/// <summary>One part of an endpoint's address.</summary>
public sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property) : IValueProvider, IManifestExpressionProvider
{
    /// <summary>The endpoint.</summary>
    public EndpointReference Endpoint { get; } = endpoint;

    /// <summary>The part.</summary>
    public EndpointProperty Property { get; } = property;

    /// <inheritdoc />
    public string ValueExpression => Property switch
    {
        EndpointProperty.HostAndPort => $"{Of("host")}:{Of("port")}",
        EndpointProperty.TargetPort => Of("targetPort"),
        _ => Of(Property.ToString().ToLowerInvariant()),
    };

    /// <inheritdoc />
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var annotation = Endpoint.Annotation;
        if (Property == EndpointProperty.Scheme)
        {
            return annotation.UriScheme;
        }

        var at = await annotation.WhenAllocatedAsync(cancellationToken);
        return Property switch
        {
            EndpointProperty.Host => at.Address,
            EndpointProperty.Port => $"{at.Port}",
            EndpointProperty.TargetPort => annotation.TargetPortTemplate ?? $"{annotation.TargetPort ?? at.Port}",
            EndpointProperty.HostAndPort => $"{at.Address}:{at.Port}",
            _ => $"{annotation.UriScheme}://{at.Address}:{at.Port}",
        };
    }

    private string Of(string part) => $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{part}}}";
}
