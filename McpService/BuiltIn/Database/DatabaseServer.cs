namespace McpPlatform.McpService.BuiltIn.Database;

/// <summary>The built-in server <c>database</c>, over the connections of its caller.</summary>
internal sealed class DatabaseServer(DatabaseClient client)
{
    private const string ServerName = "database", Description = "Your own database connections: what is in them, and governed queries.";

    public BuiltInServer Describe() => new(ServerName, Description, caller =>
    {
        var tools = new DatabaseTools(client, caller.AccessToken);
        var resources = new DatabaseResources(client, caller.AccessToken);
        return new()
        {
            ServerInfo = new() { Name = ServerName, Title = "Databases", Version = "1.0.0" },
            ServerInstructions = "Find a connection with list_connections, look at its tables with describe_schema, then ask with query in that database's SQL dialect. What may be read or written, the platform decides.",
            ToolCollection =
            [
                BuiltInTool.Create<ListConnectionsInput, ConnectionsOutput>(
                    "list_connections", "List database connections", "Lists the database connections that you own or that are shared with you, with the SQL dialect of each. Start here.",
                    ToolEffect.Reads, tools.ListAsync),
                BuiltInTool.Create<DescribeSchemaInput, SchemaOutput>(
                    "describe_schema", "Describe a database", "Tells the tables and views of a connection's database with columns, keys, indexes and comments. Call it before you write a query; narrow it with search or table in a large database.",
                    ToolEffect.Reads, tools.DescribeAsync),
                BuiltInTool.Create<QueryInput, QueryOutput>(
                    "query", "Query a database",
                    "Runs one SQL statement through a connection and returns its rows. It reads in a transaction that is rolled back; writing works only where the connection and your permissions allow it. Select the columns you need and limit the rows.",
                    new ToolEffect(ReadOnly: false, Destructive: true, Idempotent: false), tools.QueryAsync),
            ],
            Handlers = new()
            {
                ListResourcesHandler = (_, cancellationToken) => resources.ListAsync(cancellationToken),
                ListResourceTemplatesHandler = (_, _) => ValueTask.FromResult(DatabaseResources.Templates),
                ReadResourceHandler = (request, cancellationToken) => resources.ReadAsync(request.Params?.Uri ?? string.Empty, cancellationToken),
                CompleteHandler = (request, cancellationToken) => resources.CompleteAsync(request.Params, cancellationToken),
            },
        };
    });
}
