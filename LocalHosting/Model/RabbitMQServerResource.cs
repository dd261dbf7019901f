namespace McpPlatform.LocalHosting;

/// <summary>A RabbitMQ broker.</summary>
public sealed class RabbitMQServerResource : ContainerResource, IResourceWithConnectionString
{
    internal const string DefaultUserName = "guest";

    /// <summary>Creates the resource.</summary>
    public RabbitMQServerResource(string name, ParameterResource? userName, ParameterResource password) : base(name)
    {
        PrimaryEndpoint = new EndpointReference(this, "tcp");
        UserNameParameter = userName;
        PasswordParameter = password;
    }

    /// <summary>The AMQP endpoint.</summary>
    public EndpointReference PrimaryEndpoint { get; }

    /// <summary>The administrator's name; null is <c>guest</c>.</summary>
    public ParameterResource? UserNameParameter { get; }

    /// <summary>The administrator's password.</summary>
    public ParameterResource PasswordParameter { get; }

    /// <summary>The administrator's name as an expression.</summary>
    public ReferenceExpression UserNameReference =>
        UserNameParameter is { } name ? ReferenceExpression.Create($"{name}") : ReferenceExpression.Create($"{DefaultUserName}");

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => UserNameParameter is { } name
        ? ReferenceExpression.Create($"amqp://{name:uri}:{PasswordParameter:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}")
        : ReferenceExpression.Create($"amqp://{DefaultUserName:uri}:{PasswordParameter:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

    internal bool HasManagement { get; set; }

    /// <inheritdoc />
    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}")),
        new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
        new("Username", UserNameReference),
        new("Password", ReferenceExpression.Create($"{PasswordParameter}")),
        new("Uri", ConnectionStringExpression),
    ];
}
