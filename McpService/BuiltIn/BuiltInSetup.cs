using McpPlatform.McpService.BuiltIn.Confluence;
using McpPlatform.McpService.BuiltIn.Database;
using McpPlatform.McpService.BuiltIn.Jenkins;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn;

internal static class BuiltInSetup
{
    /// <summary>The MCP servers that are part of this service, each off until its section is configured.</summary>
    public static void AddBuiltInServers(this IServiceCollection services)
    {
        services.AddSingleton<BuiltInServers>();
        services.AddSingleton<IConfigureOptions<OutboundOptions>, BuiltInAddresses>();
        services.AddJenkins();
        services.AddConfluence();
        services.AddDatabaseTools();
    }

    /// <summary>A client for an address of the operator: guarded, nothing repeated, nothing logged, and limited in time by each request.</summary>
    public static IHttpClientBuilder AddBuiltInClient(this IServiceCollection services, string name) =>
        services.AddHttpClient(name, client => client.Timeout = Timeout.InfiniteTimeSpan).UseOutboundGuard().RemoveAllLoggers();

    private static void AddJenkins(this IServiceCollection services)
    {
        services.AddOptions<JenkinsOptions>().BindConfiguration(JenkinsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<JenkinsOptions>, JenkinsOptionsValidator>();
        services.AddBuiltInClient(JenkinsClient.ClientName);
        services.AddSingleton<JenkinsClient>();
        services.AddSingleton<JenkinsServer>();
    }

    private static void AddConfluence(this IServiceCollection services)
    {
        services.AddOptions<ConfluenceOptions>().BindConfiguration(ConfluenceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ConfluenceOptions>, ConfluenceOptionsValidator>();
        services.AddBuiltInClient(ConfluenceClient.ClientName);
        services.AddSingleton<ConfluenceClient>();
        services.AddSingleton<ConfluenceServer>();
    }

    private static void AddDatabaseTools(this IServiceCollection services)
    {
        services.AddOptions<DatabaseToolsOptions>().BindConfiguration(DatabaseToolsOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DatabaseToolsOptions>, DatabaseToolsOptionsValidator>();

        // A service of the platform, by its name there: not the guard's business. Its queries take longer than the defaults wait, and are not repeated.
        var client = services.AddHttpClient(DatabaseClient.ClientName, client =>
        {
            client.BaseAddress = new Uri("http://userservice");
            client.Timeout = Timeout.InfiniteTimeSpan;
        }).RemoveAllLoggers();
#pragma warning disable EXTEXP0001 // For evaluation only; there is no other way to opt one client out of the defaults.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        services.AddSingleton<DatabaseClient>();
        services.AddSingleton<DatabaseServer>();
    }
}
