using McpPlatform.ServiceDefaults.Configuration;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Data;

/// <summary>Where the connections come from.</summary>
internal static class DatabaseUrl
{
    public const string Key = "DATABASE_URL";

    /// <summary>The Npgsql connection string of a service: <c>DATABASE_URL</c> wins over the service's own.</summary>
    public static string Resolve(IConfiguration configuration, string connectionName)
    {
        var (key, value) = configuration[Key] is { Length: > 0 } url
            ? (Key, url)
            : ($"ConnectionStrings__{connectionName}", Required(configuration, connectionName));
        try
        {
            return IsUrl(value) ? FromUrl(new Uri(value)) : new NpgsqlConnectionStringBuilder(value).ConnectionString;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            // The exception's text would repeat the password.
            throw new InvalidConfigurationException($"{key} is neither a URL like postgres://user:password@host:5432/database nor an Npgsql connection string.");
        }
    }

    public static string Required(IConfiguration configuration, string connectionName) =>
        configuration.GetConnectionString(connectionName) is { Length: > 0 } value
            ? value
            : throw new InvalidConfigurationException($"ConnectionStrings__{connectionName} is not set: AppHost sets it; without AppHost set it yourself.");

    private static bool IsUrl(string value) =>
        value.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || value.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    private static string FromUrl(Uri url)
    {
        var user = url.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.IsDefaultPort ? 5432 : url.Port,
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var option = pair.Split('=', 2);
            // libpq's spelling of the one option that such URLs usually carry.
            var name = option[0] == "sslmode" ? "SSL Mode" : Uri.UnescapeDataString(option[0]);
            builder[name] = Uri.UnescapeDataString(option.ElementAtOrDefault(1) ?? string.Empty).Replace("-", string.Empty, StringComparison.Ordinal);
        }

        return builder.ConnectionString;
    }
}
