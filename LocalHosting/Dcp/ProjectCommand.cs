using System.Collections.Immutable;
using McpPlatform.LocalHosting.Dashboard;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Makes the command of a project or program: path, arguments, environment.</summary>
internal sealed class ProjectCommand(DistributedApplicationBuilder builder, DashboardLaunch? dashboard)
{
    public static string ServiceName(IResource resource, EndpointAnnotation endpoint) => $"{resource.Name}-{endpoint.Name}";

    public async Task PrepareAsync(Instance instance, CancellationToken cancellationToken)
    {
        var resource = instance.Resource;
        var secrets = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (dashboard is not null)
        {
            foreach (var (name, value) in dashboard.TelemetryOf(resource.Name, instance.Name))
            {
                environment[name] = value;
            }

            secrets.Add("OTEL_EXPORTER_OTLP_HEADERS");
        }

        var http = resource.Endpoints().Where(endpoint => endpoint.FromLaunchProfile).ToList();
        if (http.Count > 0)
        {
            environment["ASPNETCORE_URLS"] = string.Join(
                ';', http.Select(endpoint => $"{endpoint.UriScheme}://localhost:{DcpTemplate.PortForServing(ServiceName(resource, endpoint))}"));
        }

        foreach (var (name, value) in EnvironmentExtensions.EnvironmentOf(resource, builder.ExecutionContext))
        {
            environment[name] = DcpTemplate.Escape(await TextAsync(value, cancellationToken));
            if (ContainsSecret(value))
            {
                secrets.Add(name);
            }
        }

        var args = new List<string>();
        foreach (var argument in resource.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(annotation => annotation.Args))
        {
            args.Add(DcpTemplate.Escape(await TextAsync(argument, cancellationToken)));
        }

        var (path, folder, before) = Program(resource);
        instance.Secrets = secrets.ToImmutable();
        instance.Spec = new ExecutableSpec(path, folder, [.. before, .. args], [.. environment.Select(pair => new DcpVariable(pair.Key, pair.Value))]);
    }

    private static (string Path, string Folder, string[] Before) Program(IResource resource)
    {
        if (resource is ExecutableResource executable)
        {
            return Directory.Exists(executable.WorkingDirectory)
                ? (executable.Command, executable.WorkingDirectory, [])
                : throw new DistributedApplicationException($"The folder of '{resource.Name}', {executable.WorkingDirectory}, does not exist.");
        }

        var project = resource.Last<ProjectAnnotation>()!;
        var folder = Path.GetDirectoryName(project.ProjectPath)!;
        var dotnet = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
        if (project.AssemblyPath is not { } assembly)
        {
            return (dotnet, folder, ["run", "--no-build", "--no-launch-profile", "--project", project.ProjectPath, "--"]);
        }

        return File.Exists(assembly)
            ? (dotnet, folder, [assembly])
            : throw new DistributedApplicationException($"'{resource.Name}' is not built, {assembly} does not exist: run dotnet build.");
    }

    private static async Task<string> TextAsync(object value, CancellationToken cancellationToken) =>
        value is IValueProvider provider ? await provider.GetValueAsync(cancellationToken) ?? "" : (string)value;

    private static bool ContainsSecret(object value) => value switch
    {
        ParameterResource parameter => parameter.Secret,
        ReferenceExpression expression => expression.Parts.Any(part => part.Provider is { } provider && ContainsSecret(provider)),
        IResourceWithConnectionString source => ContainsSecret(source.ConnectionStringExpression),
        _ => false,
    };
}
