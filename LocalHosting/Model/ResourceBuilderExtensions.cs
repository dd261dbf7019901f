namespace McpPlatform.LocalHosting;

/// <summary>What can be said about any resource, in Aspire's words.</summary>
public static class ResourceBuilderExtensions
{
    /// <summary>Gives the process arguments.</summary>
    public static IResourceBuilder<T> WithArgs<T>(this IResourceBuilder<T> builder, params string[] args) where T : IResourceWithArgs =>
        builder.WithAnnotation(new CommandLineArgsAnnotation(args));

    /// <summary>Starts the process once the dependency is healthy.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport =>
        builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.WaitUntilHealthy));

    /// <summary>Starts the process once the dependency runs, healthy or not.</summary>
    public static IResourceBuilder<T> WaitForStart<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport =>
        builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.WaitUntilStarted));

    /// <summary>Starts the process once the dependency has ended with the exit code.</summary>
    public static IResourceBuilder<T> WaitForCompletion<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, int exitCode = 0)
        where T : IResourceWithWaitSupport =>
        builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.WaitForCompletion, exitCode));

    /// <summary>Adds a link for people.</summary>
    public static IResourceBuilder<T> WithUrl<T>(
        this IResourceBuilder<T> builder, in ReferenceExpression.ExpressionInterpolatedStringHandler url, string? displayText = null)
        where T : IResource =>
        builder.WithAnnotation(new UrlAnnotation(ReferenceExpression.Create(url), displayText));

    /// <summary>Starts that many instances behind one address.</summary>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas) =>
        replicas > 0
            ? builder.WithAnnotation(new ReplicaAnnotation(replicas))
            : throw new DistributedApplicationException($"'{builder.Resource.Name}' cannot have {replicas} replicas: one is the least.");

    internal static IResourceBuilder<T> WithAnnotation<T>(this IResourceBuilder<T> builder, IResourceAnnotation annotation) where T : IResource
    {
        builder.Resource.Annotations.Add(annotation);
        return builder;
    }

    internal static IEnumerable<EndpointAnnotation> Endpoints(this IResource resource) => resource.Annotations.OfType<EndpointAnnotation>();

    internal static TAnnotation? Last<TAnnotation>(this IResource resource) where TAnnotation : class, IResourceAnnotation =>
        resource.Annotations.OfType<TAnnotation>().LastOrDefault();
}
