using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using Npgsql;

namespace McpPlatform.UserService.Tests.Connections;

/// <summary>People with connection profiles.</summary>
internal static class Profiles
{
    public const string Route = "/api/db/connections";
    public const string Password = "a password that shows nowhere";

    /// <summary>A user with a row, and a token of these roles.</summary>
    public static async Task<(HttpClient Client, Guid Id, string Username)> PersonAsync(this UserServiceApplication app, params string[] roles)
    {
        var username = UserServiceApplication.NewName();
        var id = await app.CreateUserAsync(username, roles);
        return (app.ClientAs(id, username, roles), id, username);
    }

    /// <summary>The token of a user with these roles, and the permissions that they give.</summary>
    public static HttpClient ClientAs(this UserServiceApplication app, Guid id, string username, params string[] roles)
    {
        roles = roles.Length == 0 ? [BuiltInRoles.User] : roles;
        return app.ClientFor(username, new Caller
        {
            UserId = id,
            Roles = roles,
            Teams = [],
            Permissions = roles.SelectMany(role => BuiltInRoles.Permissions.GetValueOrDefault(role, [Permissions.DbQuery])).ToHashSet(StringComparer.Ordinal),
        });
    }

    /// <summary>The body of a profile, with other values for some fields; null leaves one out.</summary>
    public static Dictionary<string, object?> Body(params (string Field, object? Value)[] changes)
    {
        var body = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["name"] = "warehouse", ["database_type"] = "postgresql", ["host"] = "db.example.com", ["port"] = 5433, ["database"] = "sales",
            ["username"] = "reader", ["password"] = Password, ["ssl_mode"] = "require", ["read_only"] = true, ["shared_with_roles"] = Array.Empty<string>(),
        };
        foreach (var (field, value) in changes)
        {
            body[field] = value;
        }

        return body.Where(pair => pair.Value is not null).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>The body of a profile that leads to the tests' own PostgreSQL.</summary>
    public static Dictionary<string, object?> Real(PlatformServers servers, params (string Field, object? Value)[] changes)
    {
        var postgres = new NpgsqlConnectionStringBuilder(servers.Postgres);
        return Body(
            [("host", "127.0.0.1"), ("port", postgres.Port), ("database", "postgres"), ("username", postgres.Username), ("password", postgres.Password),
                ("ssl_mode", "disable"), .. changes]);
    }

    public static async Task<JsonElement> CreateConnectionAsync(this HttpClient client, Dictionary<string, object?>? body = null)
    {
        var response = await client.PostAsJsonAsync(Route, body ?? Body());
        Assert.Equal(System.Net.HttpStatusCode.Created, response.StatusCode);
        return await response.JsonAsync();
    }

    public static string PathOf(this JsonElement profile) => $"{Route}/{profile.GetProperty("id").GetGuid()}";
}
