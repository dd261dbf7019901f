using Microsoft.Extensions.Configuration;

namespace McpPlatform.AppHost;

/// <summary>Hands on what the operator has set for services, as parameters, because some of it is secret.</summary>
internal static class OperatorSettings
{
    /// <summary>Hands on settings that are there.</summary>
    /// <param name="builder">The application; its configuration holds what the operator set.</param>
    /// <param name="keys">Keys, or sections of which everything is handed on.</param>
    /// <param name="services">Who gets them.</param>
    public static void PassOn(this IDistributedApplicationBuilder builder, string[] keys, params IResourceBuilder<ProjectResource>[] services)
    {
        foreach (var (key, value) in keys.SelectMany(key => builder.Configuration.GetSection(key).AsEnumerable()).Where(setting => !string.IsNullOrEmpty(setting.Value)))
        {
            var parameter = builder.AddParameter(key.ToLowerInvariant().Replace("_", "-", StringComparison.Ordinal).Replace(":", "-", StringComparison.Ordinal), value!, secret: true);
            foreach (var service in services)
            {
                service.WithEnvironment(key.Replace(":", "__", StringComparison.Ordinal), parameter);
            }
        }
    }
}
