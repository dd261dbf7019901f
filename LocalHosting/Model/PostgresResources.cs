namespace McpPlatform.LocalHosting;

/// <summary>A PostgreSQL server.</summary>
public sealed class PostgresServerResource : ContainerResource, IResourceWithConnectionString
{
    internal const string DefaultUserName = "postgres";

    /// <summary>Creates the resource.</summary>
    public PostgresServerResource(string name, ParameterResource? userName, ParameterResource password) : base(name)
    {
        PrimaryEndpoint = new EndpointReference(this, "tcp");
        UserNameParameter = userName;
        PasswordParameter = password;
    }

    /// <summary>The endpoint of the PostgreSQL protocol.</summary>
    public EndpointReference PrimaryEndpoint { get; }

    /// <summary>The superuser's name; null is <c>postgres</c>.</summary>
    public ParameterResource? UserNameParameter { get; }

    /// <summary>The superuser's password.</summary>
    public ParameterResource PasswordParameter { get; }

    /// <summary>The superuser's name as an expression.</summary>
    public ReferenceExpression UserNameReference =>
        UserNameParameter is { } name ? ReferenceExpression.Create($"{name}") : ReferenceExpression.Create($"{DefaultUserName}");

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={Host};Port={Port};Username={UserNameReference};Password={PasswordParameter}");

    internal List<PostgresDatabaseResource> Databases { get; } = [];

    private EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    private EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <inheritdoc />
    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{Host}")),
        new("Port", ReferenceExpression.Create($"{Port}")),
        new("Username", UserNameReference),
        new("Password", ReferenceExpression.Create($"{PasswordParameter}")),
        new("Uri", UriOf("")),
        new("JdbcConnectionString", JdbcOf("")),
    ];

    internal ReferenceExpression UriOf(string path) => UserNameParameter is { } name
        ? ReferenceExpression.Create($"postgresql://{name:uri}:{PasswordParameter:uri}@{Host}:{Port}{path}")
        : ReferenceExpression.Create($"postgresql://{DefaultUserName:uri}:{PasswordParameter:uri}@{Host}:{Port}{path}");

    internal ReferenceExpression JdbcOf(string path) => ReferenceExpression.Create($"jdbc:postgresql://{Host}:{Port}{path}");
}

/// <summary>A database of a PostgreSQL server; created when it is not there.</summary>
public sealed class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource parent)
    : Resource(name), IResourceWithParent, IResourceWithConnectionString
{
    /// <summary>The server.</summary>
    public PostgresServerResource Parent { get; } = parent;

    IResource IResourceWithParent.Parent => Parent;

    /// <summary>The name that the server knows it by.</summary>
    public string DatabaseName { get; } = databaseName;

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{Parent};Database={DatabaseName}");

    /// <inheritdoc />
    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties()
    {
        var path = $"/{Uri.EscapeDataString(DatabaseName)}";
        foreach (var property in Parent.GetConnectionProperties())
        {
            yield return property.Key switch
            {
                "Uri" => new(property.Key, Parent.UriOf(path)),
                "JdbcConnectionString" => new(property.Key, Parent.JdbcOf(path)),
                _ => property,
            };
        }

        yield return new("DatabaseName", ReferenceExpression.Create($"{DatabaseName}"));
    }
}
