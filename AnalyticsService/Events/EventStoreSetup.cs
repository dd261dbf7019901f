using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Rejected;
using McpPlatform.AnalyticsService.Rollups;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.AnalyticsService.Events;

internal static class EventStoreSetup
{
    /// <summary>Storing events in these tables, which are kept partitioned and within their retention.</summary>
    public static void AddEventStore(this WebApplicationBuilder builder, params EventTable[] tables)
    {
        var services = builder.Services;
        services.AddOptions<RetentionOptions>().BindConfiguration(RetentionOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>());
        services.AddOptions<PrivacyOptions>().BindConfiguration(PrivacyOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PrivacyOptions>, PrivacyOptionsValidator>());
        services.TryAddSingleton<PersonalData>();
        foreach (var table in tables)
        {
            services.AddSingleton(table);
        }

        services.TryAddSingleton<Partitions>();
        services.TryAddSingleton<RejectedEvents>();
        services.TryAddSingleton<EventStore>();
        services.TryAddSingleton<KeepPartitions>();
        services.AddHostedService(provider => provider.GetRequiredService<KeepPartitions>());
        services.TryAddSingleton<RollupReader>();
        services.TryAddSingleton<KeepRollups>();
        services.AddHostedService(provider => provider.GetRequiredService<KeepRollups>());
    }
}
