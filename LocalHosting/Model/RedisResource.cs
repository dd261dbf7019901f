namespace McpPlatform.LocalHosting;

/// <summary>A Redis server.</summary>
public sealed class RedisResource : ContainerResource, IResourceWithConnectionString
{
    /// <summary>Creates the resource.</summary>
    public RedisResource(string name, ParameterResource password) : base(name)
    {
        PrimaryEndpoint = new EndpointReference(this, "tcp");
        PasswordParameter = password;
    }

    /// <summary>The endpoint of the Redis protocol.</summary>
    public EndpointReference PrimaryEndpoint { get; }

    /// <summary>The password of the default user.</summary>
    public ParameterResource PasswordParameter { get; }

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},password={PasswordParameter}{new TlsSuffix(PrimaryEndpoint)}");

    /// <inheritdoc />
    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties()
    {
        var (host, port) = (PrimaryEndpoint.Property(EndpointProperty.Host), PrimaryEndpoint.Property(EndpointProperty.Port));
        return
        [
            new("Host", ReferenceExpression.Create($"{host}")),
            new("Port", ReferenceExpression.Create($"{port}")),
            new("Password", ReferenceExpression.Create($"{PasswordParameter}")),
            new("Uri", ReferenceExpression.Create(
                $"{PrimaryEndpoint.Property(EndpointProperty.Scheme)}://:{PasswordParameter:uri}@{host}:{port}")),
        ];
    }
}

/// <summary>
/// <c>,ssl=true</c> when the endpoint has TLS, which a local process has not. In the manifest it is a conditional value of its own, so
/// that the deployment may decide.
/// </summary>
internal sealed class TlsSuffix(EndpointReference endpoint) : IValueProvider, IManifestExpressionProvider
{
    public EndpointReference Endpoint { get; } = endpoint;

    public string ManifestName =>
        $"cond-{Endpoint.Resource.Name}-bindings-{Endpoint.EndpointName}-tlsenabled-{Publishing.ConditionalName.Hash(Endpoint)}";

    public string ValueExpression => $"{{{ManifestName}.connectionString}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>("");
}
