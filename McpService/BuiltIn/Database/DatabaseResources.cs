using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.BuiltIn.Database;

/// <summary>The same connections as resources: <c>db://{connection}/schema</c>.</summary>
internal sealed class DatabaseResources(DatabaseClient client, string? token)
{
    private const string Scheme = "db://", End = "/schema", Json = "application/json";
    private const int MaxCompletions = 100;

    public async ValueTask<ListResourcesResult> ListAsync(CancellationToken cancellationToken) => new()
    {
        Resources = [.. (await AsErrorsAsync(() => client.ListAsync(token, cancellationToken))).Select(connection => new Resource
        {
            Uri = UriOf(connection.Id.ToString()),
            Name = connection.Name,
            Title = $"Schema of {connection.Name}",
            Description = $"Tables, columns, keys and indexes of the {connection.DatabaseType} database {connection.Database}.",
            MimeType = Json,
        })],
    };

    public static ListResourceTemplatesResult Templates { get; } = new()
    {
        ResourceTemplates =
        [
            new()
            {
                UriTemplate = $"{Scheme}{{connection}}{End}",
                Name = "schema",
                Title = "Schema of a database connection",
                Description = "Tables, columns, keys and indexes of the database of one of your connections, by its name or id: the first 200 tables. The tool describe_schema pages through more.",
                MimeType = Json,
            },
        ],
    };

    public async ValueTask<ReadResourceResult> ReadAsync(string uri, CancellationToken cancellationToken)
    {
        if (!uri.StartsWith(Scheme, StringComparison.Ordinal) || !uri.EndsWith(End, StringComparison.Ordinal) || uri.Length <= Scheme.Length + End.Length || uri.Length > 1000)
        {
            throw Missing($"There is no such resource: addresses are {Scheme}{{connection}}{End}.");
        }

        var name = Uri.UnescapeDataString(uri[Scheme.Length..^End.Length]);
        var schema = await AsErrorsAsync(async () =>
        {
            var connection = await client.FindAsync(name, token, cancellationToken);
            return await client.ReadSchemaAsync(connection.Id, new() { Connection = name, Limit = 200 }, token, cancellationToken);
        });
        return new() { Contents = [new TextResourceContents { Uri = uri, MimeType = Json, Text = schema.GetRawText() }] };
    }

    public async ValueTask<CompleteResult> CompleteAsync(CompleteRequestParams? asked, CancellationToken cancellationToken)
    {
        if (asked is not { Ref: ResourceTemplateReference, Argument: { Name: "connection" } argument })
        {
            return new() { Completion = new() { Values = [] } };
        }

        var names = (await AsErrorsAsync(() => client.ListAsync(token, cancellationToken))).Select(item => item.Name).Distinct(StringComparer.Ordinal)
            .Where(name => name.StartsWith(argument.Value, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).ToList();
        return new() { Completion = new() { Values = [.. names.Take(MaxCompletions)], Total = names.Count, HasMore = names.Count > MaxCompletions } };
    }

    private static string UriOf(string connection) => $"{Scheme}{Uri.EscapeDataString(connection)}{End}";

    private static McpProtocolException Missing(string sentence) => new(sentence, McpErrorCode.InvalidParams);

    // Resources have no isError: what a tool says as a result is an error here.
    private static async Task<T> AsErrorsAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (ToolFailedException failure)
        {
            throw Missing(failure.Message);
        }
    }
}
