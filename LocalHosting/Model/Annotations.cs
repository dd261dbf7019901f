using System.Net.Sockets;

namespace McpPlatform.LocalHosting;

/// <summary>Where a resource listens.</summary>
public sealed class EndpointAnnotation(string uriScheme, string name, int? port = null, int? targetPort = null, bool isExternal = false)
    : IResourceAnnotation
{
    private readonly TaskCompletionSource<AllocatedEndpoint> _allocated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The transport protocol.</summary>
    public ProtocolType Protocol { get; } = ProtocolType.Tcp;

    /// <summary>The scheme of its address: http, tcp, redis.</summary>
    public string UriScheme { get; } = uriScheme;

    /// <summary>http for web endpoints, else tcp.</summary>
    public string Transport { get; } = uriScheme is "http" or "https" ? "http" : "tcp";

    /// <summary>The name of the endpoint, unique in its resource.</summary>
    public string Name { get; } = name;

    /// <summary>The port that clients use; null lets one be chosen.</summary>
    public int? Port { get; } = port;

    /// <summary>The port that the process listens on; null lets one be chosen.</summary>
    public int? TargetPort { get; } = targetPort;

    /// <summary>Whether it is reachable from outside of the deployment.</summary>
    public bool IsExternal { get; set; } = isExternal;

    /// <summary>Whether clients go through DCP's proxy (needed for replicas).</summary>
    public bool IsProxied { get; init; } = true;

    /// <summary>Whether the endpoint was read from the project's launch settings.</summary>
    public bool FromLaunchProfile { get; init; }

    /// <summary>The variable that tells the process its port, if any.</summary>
    internal string? PortVariable { get; init; }

    /// <summary>What DCP replaces with the port of each instance behind its proxy.</summary>
    internal string? TargetPortTemplate { get; set; }

    internal AllocatedEndpoint? AllocatedEndpoint => _allocated.Task.IsCompletedSuccessfully ? _allocated.Task.GetAwaiter().GetResult() : null;

    internal Task<AllocatedEndpoint> WhenAllocatedAsync(CancellationToken cancellationToken) => _allocated.Task.WaitAsync(cancellationToken);

    internal void Allocate(string address, int port) => _allocated.TrySetResult(new AllocatedEndpoint(address, port));
}

internal sealed record AllocatedEndpoint(string Address, int Port);

/// <summary>What an environment callback fills in.</summary>
public sealed class EnvironmentCallbackContext(DistributedApplicationExecutionContext executionContext, IResource resource)
{
    /// <summary>Whether the model is run or published.</summary>
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;

    /// <summary>The resource that gets the variables.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>Values are a string or an <see cref="IValueProvider"/> that is also an <see cref="IManifestExpressionProvider"/>.</summary>
    public Dictionary<string, object> EnvironmentVariables { get; } = new(StringComparer.Ordinal);
}

internal sealed record EnvironmentCallbackAnnotation(Action<EnvironmentCallbackContext> Callback) : IResourceAnnotation;

/// <summary>An argument: a string or a value provider with a manifest expression.</summary>
internal sealed record CommandLineArgsAnnotation(IReadOnlyList<object> Args) : IResourceAnnotation;

internal enum WaitType { WaitUntilHealthy, WaitUntilStarted, WaitForCompletion }

internal sealed record WaitAnnotation(IResource Resource, WaitType Type, int ExitCode = 0) : IResourceAnnotation;

internal sealed record ReplicaAnnotation(int Replicas) : IResourceAnnotation;

internal sealed record HttpHealthCheckAnnotation(string Path, int StatusCode, string EndpointName) : IResourceAnnotation;

/// <summary>A project's file, its built assembly and its launch profile.</summary>
internal sealed record ProjectAnnotation(string ProjectPath, string? AssemblyPath, LaunchProfile? LaunchProfile) : IResourceAnnotation;

internal sealed record UrlAnnotation(ReferenceExpression Url, string? DisplayText) : IResourceAnnotation;

internal sealed record ContainerImageAnnotation(string Registry, string Image, string Tag) : IResourceAnnotation;

internal sealed record ContainerMountAnnotation(string? Name, string Target, bool IsReadOnly) : IResourceAnnotation;

/// <summary>How long a container lives; local processes always end with the application.</summary>
public enum ContainerLifetime
{
    /// <summary>Ends with the application.</summary>
    Session,

    /// <summary>Stays when the application ends.</summary>
    Persistent,
}
