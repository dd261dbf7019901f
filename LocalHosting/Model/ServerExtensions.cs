namespace McpPlatform.LocalHosting;

/// <summary>Adds the servers that services store their data in: containers in the manifest, local processes when run.</summary>
public static class ServerExtensions
{
    /// <summary>Adds PostgreSQL.</summary>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource>? userName = null, IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        var resource = new PostgresServerResource(
            name, userName?.Resource, password?.Resource ?? ParameterExtensions.CreateDefaultPassword(builder, $"{name}-password"));
        return builder.AddResource(resource)
            .WithAnnotation(new ContainerImageAnnotation("docker.io", "library/postgres", "18.3"))
            .WithAnnotation(new EndpointAnnotation("tcp", "tcp", port, 5432) { IsProxied = false })
            .WithEnvironment("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256")
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256")
            .WithEnvironment("POSTGRES_USER", resource.UserNameReference)
            .WithEnvironment(context => context.EnvironmentVariables["POSTGRES_PASSWORD"] = resource.PasswordParameter);
    }

    /// <summary>Adds a database to the server.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        var database = new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource);
        builder.Resource.Databases.Add(database);
        return builder.ApplicationBuilder.AddResource(database);
    }

    /// <summary>Adds Redis.</summary>
    public static IResourceBuilder<RedisResource> AddRedis(
        this IDistributedApplicationBuilder builder, string name, int? port = null, IResourceBuilder<ParameterResource>? password = null)
    {
        // Redis clients write the password into a comma-separated text, so it has no special characters.
        var resource = new RedisResource(
            name, password?.Resource ?? ParameterExtensions.CreateDefaultPassword(builder, $"{name}-password", special: false)) { Entrypoint = "/bin/sh" };
        return builder.AddResource(resource)
            .WithAnnotation(new ContainerImageAnnotation("docker.io", "library/redis", "8.6"))
            .WithAnnotation(new EndpointAnnotation("redis", "tcp", port, 6379) { IsProxied = false })
            .WithEnvironment(context => context.EnvironmentVariables["REDIS_PASSWORD"] = resource.PasswordParameter);
    }

    /// <summary>Adds RabbitMQ.</summary>
    public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(
        this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ParameterResource>? userName = null, IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        var resource = new RabbitMQServerResource(
            name, userName?.Resource, password?.Resource ?? ParameterExtensions.CreateDefaultPassword(builder, $"{name}-password", special: false));
        return builder.AddResource(resource)
            .WithAnnotation(new ContainerImageAnnotation("docker.io", "library/rabbitmq", "4.3"))
            .WithAnnotation(new EndpointAnnotation("tcp", "tcp", port, 5672) { IsProxied = false })
            .WithEnvironment("RABBITMQ_DEFAULT_USER", resource.UserNameReference)
            .WithEnvironment(context => context.EnvironmentVariables["RABBITMQ_DEFAULT_PASS"] = resource.PasswordParameter);
    }

    /// <summary>Turns the management API and pages on.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithManagementPlugin(this IResourceBuilder<RabbitMQServerResource> builder)
    {
        builder.Resource.HasManagement = true;
        return builder.WithAnnotation(new ContainerImageAnnotation("docker.io", "library/rabbitmq", "4.3-management"))
            .WithAnnotation(new EndpointAnnotation("http", "management", port: null, 15672) { IsProxied = false });
    }

    /// <summary>Keeps the data from one run to the next.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(
        this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithVolume(name, "/var/lib/postgresql", isReadOnly);

    /// <summary>Keeps the data from one run to the next.</summary>
    public static IResourceBuilder<RedisResource> WithDataVolume(
        this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false)
    {
        builder.WithVolume(name, "/data", isReadOnly);
        return isReadOnly ? builder : builder.WithPersistence();
    }

    /// <summary>Keeps the data from one run to the next.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithDataVolume(
        this IResourceBuilder<RabbitMQServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithVolume(name, "/var/lib/rabbitmq", isReadOnly);

    /// <summary>Writes a snapshot when that many keys changed within the interval (1 in 60 s by default).</summary>
    public static IResourceBuilder<RedisResource> WithPersistence(
        this IResourceBuilder<RedisResource> builder, TimeSpan? interval = null, long keysChangedThreshold = 1) =>
        builder.WithAnnotation(new PersistenceAnnotation(interval ?? TimeSpan.FromSeconds(60), keysChangedThreshold));

    /// <summary>How long the container lives; a local process always ends with the application.</summary>
    public static IResourceBuilder<T> WithLifetime<T>(this IResourceBuilder<T> builder, ContainerLifetime lifetime) where T : ContainerResource => builder;

    private static IResourceBuilder<T> WithVolume<T>(this IResourceBuilder<T> builder, string? name, string target, bool isReadOnly) where T : ContainerResource =>
        builder.WithAnnotation(new ContainerMountAnnotation(name, target, isReadOnly));
}

internal sealed record PersistenceAnnotation(TimeSpan Interval, long KeysChangedThreshold) : IResourceAnnotation;
