namespace McpPlatform.LocalHosting.Testing;

/// <summary>Makes applications for tests: random ports, data that is deleted at the end, no dashboard; any number of them side by side.</summary>
public static class DistributedApplicationTestingBuilder
{
    /// <summary>An empty application, to which a test adds the servers that it needs.</summary>
    public static IDistributedApplicationBuilder Create(params string[] args) =>
        new DistributedApplicationBuilder(args, Options(dashboard: false), appHost: null);

    /// <summary>The application of an AppHost, given by its Program or by any type of its assembly.</summary>
    public static Task<IDistributedApplicationBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync<TEntryPoint>([], cancellationToken);

    /// <summary>The same, with arguments for the AppHost. <c>--Dashboard true</c> starts the dashboard too.</summary>
    public static Task<IDistributedApplicationBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        cancellationToken.ThrowIfCancellationRequested();
        var dashboard = Array.IndexOf(args, "--Dashboard") is >= 0 and var at && at + 1 < args.Length && bool.Parse(args[at + 1]);
        return Task.FromResult<IDistributedApplicationBuilder>(new EntryPointModel(Options(dashboard), typeof(TEntryPoint).Assembly).Read(args));
    }

    private static LocalOptions Options(bool dashboard) => new() { ThrowAway = true, Console = false, Dashboard = dashboard };
}
