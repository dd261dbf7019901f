namespace McpPlatform.LocalHosting;

/// <summary>A project that the AppHost refers to; the build generates one class per project in the namespace <c>Projects</c>.</summary>
public interface IProjectMetadata
{
    /// <summary>The absolute path of the project file.</summary>
    string ProjectPath { get; }

    /// <summary>The absolute path of the assembly that it builds; null starts it with <c>dotnet run --no-build</c>.</summary>
    string? AssemblyPath => null;
}

/// <summary>Adds projects and programs.</summary>
public static class ProjectExtensions
{
    /// <summary>Adds a project with its first launch profile.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() =>
        Add(builder, name, new TProject(), LaunchProfile.Read(new TProject().ProjectPath, name: null));

    /// <summary>Adds a project with the launch profile of that name, or with none.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string? launchProfileName) where TProject : IProjectMetadata, new() =>
        Add(builder, name, new TProject(), launchProfileName is null ? null : LaunchProfile.Read(new TProject().ProjectPath, launchProfileName));

    /// <summary>Adds a program; the working directory starts at the AppHost's folder.</summary>
    public static IResourceBuilder<ExecutableResource> AddExecutable(
        this IDistributedApplicationBuilder builder, string name, string command, string workingDirectory, params string[]? args) =>
        builder.AddResource(new ExecutableResource(name, command, Path.GetFullPath(workingDirectory, builder.AppHostDirectory)))
            .WithAnnotation(new CommandLineArgsAnnotation(args ?? []));

    private static IResourceBuilder<ProjectResource> Add(
        IDistributedApplicationBuilder builder, string name, IProjectMetadata metadata, LaunchProfile? profile)
    {
        var project = builder.AddResource(new ProjectResource(name))
            .WithAnnotation(new ProjectAnnotation(metadata.ProjectPath, metadata.AssemblyPath, profile))
            .WithEnvironment("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory");
        if (builder.ExecutionContext.IsRunMode)
        {
            foreach (var (key, value) in profile?.EnvironmentVariables ?? [])
            {
                project.WithEnvironment(key, value);
            }

            foreach (var url in profile?.Urls ?? [])
            {
                project.WithAnnotation(new EndpointAnnotation(url.Scheme, url.Scheme, url.Port) { FromLaunchProfile = true });
            }
        }
        else
        {
            AddPublishedEndpoints(project, profile);
        }

        return project;
    }

    /// <summary>
    /// What a deployment does with https is its own matter, so http and https are offered, without ports, and only the endpoints that were
    /// asked for by name say that the process listens with TLS.
    /// </summary>
    private static void AddPublishedEndpoints(IResourceBuilder<ProjectResource> project, LaunchProfile? profile)
    {
        EndpointAnnotation? defaultHttps = null;
        project.WithEnvironment(context =>
        {
            var endpoints = project.Resource.Endpoints().Where(endpoint => endpoint != defaultHttps).ToList();
            if (endpoints.Count > 0 || defaultHttps is not null)
            {
                context.EnvironmentVariables["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
            }

            foreach (var scheme in endpoints.Select(endpoint => endpoint.UriScheme).Where(scheme => scheme is "http" or "https").Distinct().Order(StringComparer.Ordinal))
            {
                var ports = endpoints.Where(endpoint => endpoint.UriScheme == scheme)
                    .Select(endpoint => project.GetEndpoint(endpoint.Name).Property(EndpointProperty.TargetPort));
                context.EnvironmentVariables.TryAdd($"{scheme.ToUpperInvariant()}_PORTS", ReferenceExpression.Join(";", ports));
            }
        });
        if (profile is { Urls.Count: > 0 })
        {
            defaultHttps = new EndpointAnnotation("https", "https") { FromLaunchProfile = true };
            project.WithAnnotation(new EndpointAnnotation("http", "http") { FromLaunchProfile = true }).WithAnnotation(defaultHttps);
        }
    }
}
