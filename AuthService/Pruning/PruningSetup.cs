using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Pruning;

/// <summary>The end of what has ended.</summary>
internal static class PruningSetup
{
    public static void AddPruning(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<PruningOptions>().BindConfiguration(PruningOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PruningOptions>, PruningOptionsValidator>());
        builder.Services.AddSingleton<PruneRows>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<PruneRows>());
        builder.Services.AddScoped<PruneClients>();
    }
}
