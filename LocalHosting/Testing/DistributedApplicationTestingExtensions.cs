namespace McpPlatform.LocalHosting.Testing;

/// <summary>How a test reaches the resources of a started application.</summary>
public static class DistributedApplicationTestingExtensions
{
    /// <summary>A client for the resource's endpoint; its first http endpoint when none is named.</summary>
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = null) =>
        new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    /// <summary>The address of an endpoint.</summary>
    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = null)
    {
        var resource = app.Find<IResourceWithEndpoints>(resourceName);
        var name = endpointName ?? resource.Endpoints().FirstOrDefault(endpoint => endpoint.UriScheme == "http")?.Name ?? "http";
        return new Uri(new EndpointReference(resource, name).Url);
    }

    /// <summary>The connection string, once the server answers and the database exists.</summary>
    public static async ValueTask<string?> GetConnectionStringAsync(
        this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default)
    {
        var resource = app.Find<IResourceWithConnectionString>(resourceName);
        await app.WhenReadyAsync(resourceName, cancellationToken);
        return await resource.ConnectionStringExpression.GetValueAsync(cancellationToken);
    }

    private static T Find<T>(this DistributedApplication app, string name) where T : class, IResource =>
        app.Resources.FirstOrDefault(resource => resource.Name == name) as T
        ?? throw new ArgumentException($"The application has no {typeof(T).Name} named '{name}'.", nameof(name));
}
