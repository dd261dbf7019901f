namespace McpPlatform.LocalHosting;

/// <summary>A part of the application: a process, a server, a database, a parameter.</summary>
public interface IResource
{
    /// <summary>The name in the model, unique, also the host name for service discovery.</summary>
    string Name { get; }

    /// <summary>What has been said about the resource, in order.</summary>
    IList<IResourceAnnotation> Annotations { get; }
}

/// <summary>Marks a fact about a resource.</summary>
public interface IResourceAnnotation;

/// <summary>A resource that is given environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource that is given command line arguments.</summary>
public interface IResourceWithArgs : IResource;

/// <summary>A resource that listens.</summary>
public interface IResourceWithEndpoints : IResource;

/// <summary>A resource whose start can wait for others.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>A resource that others find by name.</summary>
public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

/// <summary>A resource that belongs to another one and lives as long as it.</summary>
public interface IResourceWithParent : IResource
{
    /// <summary>The owner.</summary>
    IResource Parent { get; }
}

/// <summary>A resource that clients reach with a connection string.</summary>
public interface IResourceWithConnectionString : IResource, IValueProvider, IManifestExpressionProvider
{
    /// <summary>The connection string, as an expression over endpoints and parameters.</summary>
    ReferenceExpression ConnectionStringExpression { get; }

    /// <summary>The parts that clients in other languages need: host, port, user name and so on.</summary>
    IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties();

    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) =>
        ConnectionStringExpression.GetValueAsync(cancellationToken);
}

/// <summary>The base of all resources.</summary>
public abstract class Resource(string name) : IResource
{
    /// <inheritdoc />
    public string Name { get; } = name;

    /// <inheritdoc />
    public IList<IResourceAnnotation> Annotations { get; } = [];
}

/// <summary>A .NET project, started from its built assembly.</summary>
public sealed class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport;

/// <summary>A program of the machine.</summary>
public sealed class ExecutableResource(string name, string command, string workingDirectory)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport
{
    /// <summary>The program, by path or by name on PATH.</summary>
    public string Command { get; } = command;

    /// <summary>The absolute folder it is started in.</summary>
    public string WorkingDirectory { get; } = workingDirectory;
}

/// <summary>A server: a container in the manifest, a local process when it runs here.</summary>
public abstract class ContainerResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport
{
    /// <summary>The entry point of the container, when it is not the image's.</summary>
    public string? Entrypoint { get; set; }
}
