namespace McpPlatform.LocalHosting;

/// <summary>Environment variables, and references to other resources, which become environment variables.</summary>
public static class EnvironmentExtensions
{
    /// <summary>Sets a variable to a text.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, string? value) where T : IResourceWithEnvironment =>
        builder.Set(name, value ?? "");

    /// <summary>Sets a variable to a text with values in it that are known later.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(
        this IResourceBuilder<T> builder, string name, in ReferenceExpression.ExpressionInterpolatedStringHandler value) where T : IResourceWithEnvironment =>
        builder.Set(name, ReferenceExpression.Create(value));

    /// <summary>Sets a variable to an expression.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, ReferenceExpression value)
        where T : IResourceWithEnvironment => builder.Set(name, value);

    /// <summary>Sets a variable to the address of an endpoint.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, EndpointReference endpointReference)
        where T : IResourceWithEnvironment => builder.Set(name, endpointReference);

    /// <summary>Sets a variable to the value of a parameter.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, IResourceBuilder<ParameterResource> parameter)
        where T : IResourceWithEnvironment => builder.Set(name, parameter.Resource);

    /// <summary>Sets variables when the application is run or published.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, Action<EnvironmentCallbackContext> callback)
        where T : IResourceWithEnvironment => builder.WithAnnotation(new EnvironmentCallbackAnnotation(callback));

    /// <summary>Sets <c>ConnectionStrings__NAME</c>, and <c>NAME_HOST</c>, <c>NAME_PORT</c> … for clients that need the parts.</summary>
    public static IResourceBuilder<T> WithReference<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithConnectionString> source, string? connectionName = null, bool optional = false)
        where T : IResourceWithEnvironment
    {
        var name = connectionName ?? source.Resource.Name;
        return builder.RefersTo(source.Resource).WithEnvironment(context =>
        {
            context.EnvironmentVariables[$"ConnectionStrings__{name}"] = source.Resource;
            foreach (var (key, value) in source.Resource.GetConnectionProperties())
            {
                context.EnvironmentVariables[$"{Encode(name)}_{key.ToUpperInvariant()}"] = value;
            }
        });
    }

    /// <summary>Sets <c>services__NAME__http__0</c> and <c>NAME_HTTP</c> for each endpoint.</summary>
    public static IResourceBuilder<T> WithReference<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where T : IResourceWithEnvironment =>
        builder.RefersTo(source.Resource).WithEnvironment(context =>
        {
            foreach (var endpoint in source.Resource.Endpoints())
            {
                SetEndpoint(context, new EndpointReference(source.Resource, endpoint.Name));
            }
        });

    /// <summary>Sets the same for one endpoint.</summary>
    public static IResourceBuilder<T> WithReference<T>(this IResourceBuilder<T> builder, EndpointReference endpointReference)
        where T : IResourceWithEnvironment =>
        builder.RefersTo(endpointReference.Resource).WithEnvironment(context => SetEndpoint(context, endpointReference));

    internal static Dictionary<string, object> EnvironmentOf(IResource resource, DistributedApplicationExecutionContext executionContext)
    {
        var context = new EnvironmentCallbackContext(executionContext, resource);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            annotation.Callback(context);
        }

        return context.EnvironmentVariables;
    }

    private static void SetEndpoint(EnvironmentCallbackContext context, EndpointReference endpoint)
    {
        var name = endpoint.Resource.Name;
        context.EnvironmentVariables[$"{Encode(name)}_{Encode(endpoint.EndpointName)}"] = endpoint;
        context.EnvironmentVariables[$"services__{name}__{endpoint.EndpointName}__0"] = endpoint;
    }

    private static string Encode(string name) =>
        string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_')).ToUpperInvariant();

    private static IResourceBuilder<T> Set<T>(this IResourceBuilder<T> builder, string name, object value) where T : IResourceWithEnvironment =>
        builder.WithEnvironment(context => context.EnvironmentVariables[name] = value);

    private static IResourceBuilder<T> RefersTo<T>(this IResourceBuilder<T> builder, IResource other) where T : IResource =>
        builder.WithAnnotation(new ReferenceAnnotation(other));
}

internal sealed record ReferenceAnnotation(IResource Resource) : IResourceAnnotation;
