using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Schema;

namespace McpPlatform.UserService.Queries;

internal static class QueriesSetup
{
    /// <summary>Connections to the databases of connection profiles, and queries through them.</summary>
    public static void AddQueries(this WebApplicationBuilder builder)
    {
        builder.AddOutboundGuard();
        builder.Services.AddOptions<QueryOptions>().BindConfiguration(QueryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<QueryLimit>();
        builder.Services.AddSingleton<QueryRunner>();
        builder.Services.AddSingleton<SchemaReader>();
        builder.Services.AddScoped<QueryAudit>();
        builder.Services.AddSingleton<ProfileConnector>();
        builder.Services.AddSingleton<IDatabaseEngine, PostgresEngine>();
        builder.Services.AddSingleton<IDatabaseEngine, MySqlEngine>();
        builder.Services.AddSingleton<IDatabaseEngine, SqlServerEngine>();
    }
}
