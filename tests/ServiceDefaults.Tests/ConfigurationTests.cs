using McpPlatform.ServiceDefaults.Configuration;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("mcpplatform-configuration-").FullName;

    [Theory]
    [InlineData("debug", "Debug")]
    [InlineData("INFO", "Information")]
    [InlineData("WARNING", "Warning")]
    public void Log_level_takes_the_names_that_operators_know(string value, string level)
    {
        var builder = Builder(("LOG_LEVEL", value));

        builder.AddPlatformConfiguration();

        Assert.Equal(level, builder.Configuration["Logging:LogLevel:Default"]);
    }

    [Fact]
    public void A_wrong_log_level_is_refused_in_a_sentence_that_names_key_and_values()
    {
        var exception = Assert.Throws<InvalidConfigurationException>(() => Builder(("LOG_LEVEL", "loud")).AddPlatformConfiguration());

        Assert.Equal("LOG_LEVEL is 'loud', but must be one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, NONE.", exception.Message);
    }

    [Fact]
    public void The_logging_file_is_read()
    {
        File.WriteAllText(Path.Combine(folder, "logging_config.json"), """{ "Logging": { "LogLevel": { "Npgsql": "Debug" } } }""");
        var builder = Builder();

        builder.AddPlatformConfiguration();

        Assert.Equal("Debug", builder.Configuration["Logging:LogLevel:Npgsql"]);
    }

    [Fact]
    public void A_broken_logging_file_is_refused_in_a_sentence()
    {
        File.WriteAllText(Path.Combine(folder, "logging_config.json"), "{ broken");

        var exception = Assert.Throws<InvalidConfigurationException>(() => Builder().AddPlatformConfiguration());

        Assert.StartsWith("logging_config.json cannot be read", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_database_url_wins_over_the_services_own_connection()
    {
        var configuration = Configuration(
            ("DATABASE_URL", "postgres://ann:p%40ss%3A@db.example:6432/platform?sslmode=require"), ("ConnectionStrings:authdb", "Host=other"));

        var connection = new NpgsqlConnectionStringBuilder(DatabaseUrl.Resolve(configuration, "authdb"));

        Assert.Equal(("db.example", 6432, "platform"), (connection.Host, connection.Port, connection.Database));
        Assert.Equal(("ann", "p@ss:", SslMode.Require), (connection.Username, connection.Password, connection.SslMode));
    }

    [Theory]
    [InlineData("Host=a;Frobnicate=hunter2")]
    [InlineData("postgres://ann:hunter2@db/x?frobnicate=1")]
    [InlineData("hunter2")]
    public void A_wrong_database_url_is_refused_without_repeating_its_password(string value)
    {
        var exception = Assert.Throws<InvalidConfigurationException>(() => DatabaseUrl.Resolve(Configuration(("DATABASE_URL", value)), "authdb"));

        Assert.StartsWith("DATABASE_URL is neither", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_connection_names_the_variable_to_set()
    {
        var exception = Assert.Throws<InvalidConfigurationException>(() => DatabaseUrl.Resolve(Configuration(), "authdb"));

        Assert.StartsWith("ConnectionStrings__authdb is not set", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static IConfiguration Configuration(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build();

    private WebApplicationBuilder Builder(params (string Key, string Value)[] values)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = folder, EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(values.ToDictionary(pair => pair.Key, pair => (string?)pair.Value));
        return builder;
    }
}
