using System.Reflection;
using System.Text.RegularExpressions;
using McpPlatform.LocalHosting.Servers;
using Microsoft.Extensions.Configuration;

namespace McpPlatform.LocalHosting;

/// <summary>What a run of the model differs in.</summary>
internal sealed record LocalOptions
{
    /// <summary>Start the dashboard and send it the telemetry.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>Let every port be chosen, and keep data only until the end: for tests.</summary>
    public bool ThrowAway { get; init; }

    /// <summary>Where data is kept; null is <c>.data</c> beside the AppHost's folder, or what MCPPLATFORM_DATA says.</summary>
    public string? DataPath { get; init; }

    /// <summary>Say on the console what happens.</summary>
    public bool Console { get; init; } = true;
}

internal sealed partial class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    public DistributedApplicationBuilder(string[] args, LocalOptions options, Assembly? appHost)
    {
        Options = options;
        var arguments = PublishArguments.Parse(args);
        ManifestPath = arguments.OutputPath;
        ExecutionContext = new DistributedApplicationExecutionContext(
            arguments.IsPublish ? DistributedApplicationOperation.Publish : DistributedApplicationOperation.Run);
        AppHostDirectory = appHost?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(one => one.Key == "AppHostDirectory")?.Value
            ?? Directory.GetCurrentDirectory();
        Configuration.AddJsonFile(Path.Combine(AppHostDirectory, "appsettings.json"), optional: true);
        Configuration.AddEnvironmentVariables();
        Configuration.AddCommandLine(args);
        ApplicationName = appHost?.GetName().Name ?? "AppHost";
        DataDirectory = new Lazy<DataDirectory>(() => options.ThrowAway
            ? Servers.DataDirectory.CreateThrowAway()
            : Servers.DataDirectory.Open(options.DataPath ?? Environment.GetEnvironmentVariable("MCPPLATFORM_DATA"), AppHostDirectory));
        Secrets = new Lazy<SecretStore>(() => new SecretStore(DataDirectory.Value.Path));
    }

    public ConfigurationManager Configuration { get; } = new();

    public DistributedApplicationExecutionContext ExecutionContext { get; }

    public string AppHostDirectory { get; }

    public IList<IResource> Resources { get; } = [];

    internal LocalOptions Options { get; }

    internal string ApplicationName { get; }

    /// <summary>Where the manifest goes in publish mode.</summary>
    internal string? ManifestPath { get; }

    internal Lazy<DataDirectory> DataDirectory { get; }

    internal Lazy<SecretStore> Secrets { get; }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(resource, this);

    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        if (!ResourceName().IsMatch(resource.Name))
        {
            throw new DistributedApplicationException(
                $"'{resource.Name}' is not a name for a resource: up to 64 letters, digits and single hyphens, beginning with a letter.");
        }

        if (Resources.Any(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new DistributedApplicationException($"There are two resources named '{resource.Name}'.");
        }

        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public DistributedApplication Build()
    {
        if (Testing.EntryPointModel.Current is { } test)
        {
            test.Complete();
        }

        return new DistributedApplication(this);
    }

    [GeneratedRegex("^[A-Za-z](-?[A-Za-z0-9]){0,63}$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex ResourceName();
}
