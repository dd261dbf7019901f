using Microsoft.Extensions.Configuration;

namespace McpPlatform.LocalHosting;

/// <summary>Collects the resources of an application.</summary>
public interface IDistributedApplicationBuilder
{
    /// <summary>The AppHost's own configuration: environment, <c>--key value</c>, appsettings.json.</summary>
    ConfigurationManager Configuration { get; }

    /// <summary>Run or publish.</summary>
    DistributedApplicationExecutionContext ExecutionContext { get; }

    /// <summary>The AppHost project's folder; relative paths in the model start here.</summary>
    string AppHostDirectory { get; }

    /// <summary>The resources so far.</summary>
    IList<IResource> Resources { get; }

    /// <summary>Adds a resource; its name must be new.</summary>
    IResourceBuilder<T> AddResource<T>(T resource) where T : IResource;

    /// <summary>Goes on with a resource that was added: a test changes the graph before it starts.</summary>
    IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource;

    /// <summary>Ends the model.</summary>
    DistributedApplication Build();
}

/// <summary>Says more about one resource.</summary>
public interface IResourceBuilder<out T> where T : IResource
{
    /// <summary>The resource.</summary>
    T Resource { get; }

    /// <summary>The application it belongs to.</summary>
    IDistributedApplicationBuilder ApplicationBuilder { get; }
}

internal sealed record ResourceBuilder<T>(T Resource, IDistributedApplicationBuilder ApplicationBuilder) : IResourceBuilder<T> where T : IResource;
