using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Configuration;

/// <summary>The configuration sources that operators know, beside ASP.NET Core's own.</summary>
public static class ConfigurationExtensions
{
    /// <summary>
    /// Adds <c>.env</c> (in development, from the current folder or the nearest above; variables that are set win),
    /// <c>logging_config.json</c> (a <c>Logging</c> section, reread when it changes) and <c>LOG_LEVEL</c>.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <exception cref="InvalidConfigurationException">A file cannot be read, or <c>LOG_LEVEL</c> is not a level.</exception>
    public static void AddPlatformConfiguration(this WebApplicationBuilder builder)
    {
        if (builder.Environment.IsDevelopment())
        {
            AddDotEnv(builder.Configuration);
        }

        AddLoggingFile(builder.Configuration, builder.Environment.ContentRootPath);
        AddLogLevel(builder.Configuration);
    }

    private static void AddDotEnv(ConfigurationManager configuration)
    {
        var values = DotNetEnv.Env.TraversePath().NoEnvVars().Load()
            .Select(pair => KeyValuePair.Create<string, string?>(pair.Key.Replace("__", ":", StringComparison.Ordinal), pair.Value))
            .DistinctBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase);

        // Below the environment variables: what a shell or an orchestrator sets wins over the file.
        var environment = configuration.Sources.LastOrDefault(source => source is EnvironmentVariablesConfigurationSource);
        var position = environment is null ? 0 : configuration.Sources.IndexOf(environment);
        configuration.Sources.Insert(position, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = values });
    }

    private static void AddLoggingFile(ConfigurationManager configuration, string contentRoot)
    {
        try
        {
            configuration.AddJsonFile(Path.Combine(contentRoot, "logging_config.json"), optional: true, reloadOnChange: true);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidConfigurationException($"logging_config.json cannot be read: it must be a JSON object with a \"Logging\" section ({exception.InnerException?.Message ?? exception.Message}).");
        }
    }

    private static void AddLogLevel(ConfigurationManager configuration)
    {
        if (configuration["LOG_LEVEL"] is not { Length: > 0 } value)
        {
            return;
        }

        LogLevel? level = value.Trim().ToUpperInvariant() switch
        {
            "TRACE" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "INFO" or "INFORMATION" => LogLevel.Information,
            "WARN" or "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" or "FATAL" => LogLevel.Critical,
            "NONE" => LogLevel.None,
            _ => null,
        };
        if (level is null)
        {
            throw new InvalidConfigurationException(
                $"LOG_LEVEL is '{value}', but must be one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, NONE.");
        }

        configuration.AddInMemoryCollection([KeyValuePair.Create<string, string?>("Logging:LogLevel:Default", level.ToString())]);
    }
}
