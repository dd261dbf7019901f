using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn.Database;

/// <summary>
/// UserService's API for connections, with the caller's own token. It is one of the platform's services and checks the token, the access rules and the
/// statement itself; nothing is decided here, and the token goes nowhere else.
/// </summary>
internal sealed class DatabaseClient(IHttpClientFactory clients, IOptions<DatabaseToolsOptions> options)
{
    public const string ClientName = "builtin-database";
    private const string Product = "The platform's database service", Route = "api/db/connections";
    private const int MaxPages = 10;

    /// <summary>All connections that the caller may use, up to 5000.</summary>
    public async Task<IReadOnlyList<ConnectionItem>> ListAsync(string? token, CancellationToken cancellationToken)
    {
        List<ConnectionItem> all = [];
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var json = await SendAsync(HttpMethod.Get, $"{Route}?limit=500{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", null, token, cancellationToken);
            all.AddRange(json.ItemsAt("items").Select(Item).OfType<ConnectionItem>());
            cursor = json.TextAt("next_cursor");
            if (cursor is null)
            {
                break;
            }
        }

        return all;
    }

    /// <summary>The connection of that id or name; of several with one name the caller's own.</summary>
    public async Task<ConnectionItem> FindAsync(string connection, string? token, CancellationToken cancellationToken)
    {
        var all = await ListAsync(token, cancellationToken);
        var found = all.Where(item => item.Id.ToString() == connection || item.Name == connection).ToList();
        return found.Count == 1 ? found[0]
            : found.Where(item => item.IsOwner).ToList() is [var own] ? own
            : found.Count > 1 ? throw new ToolFailedException($"Several people share a connection of that name with you: take the id instead, one of {string.Join(", ", found.Select(item => $"{item.Id} (of {item.Owner})"))}.")
            : throw new ToolFailedException("You have no connection of that name or id. Call list_connections for those that there are.");
    }

    public Task<JsonElement> ReadSchemaAsync(Guid id, DescribeSchemaInput input, string? token, CancellationToken cancellationToken)
    {
        var query = string.Concat(
            ((string Name, string? Value)[])[("schema", input.Schema), ("table", input.Table), ("search", input.Search), ("cursor", input.Cursor)]
            is var parts ? parts.Where(part => !string.IsNullOrEmpty(part.Value)).Select(part => $"&{part.Name}={Uri.EscapeDataString(part.Value!)}") : []);
        return SendAsync(HttpMethod.Get, $"{Route}/{id}/schema?limit={input.Limit.ToString(System.Globalization.CultureInfo.InvariantCulture)}{query}", null, token, cancellationToken);
    }

    public Task<JsonElement> QueryAsync(Guid id, QueryInput input, string? token, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["query"] = input.Query, ["max_rows"] = input.MaxRows, ["timeout_ms"] = input.TimeoutMs };
        if (input.Parameters is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } parameters)
        {
            body["parameters"] = JsonNode.Parse(parameters.GetRawText());
        }

        return SendAsync(HttpMethod.Post, $"{Route}/{id}/query", body, token, cancellationToken);
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, JsonObject? body, string? token, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token))
        {
            throw new ToolFailedException("The database tools need an access token of yours. Log in again.");
        }

        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var answer = await BuiltInHttp.SendAsync(clients.CreateClient(ClientName), request, Product, options.Value.Timeout, options.Value.MaxAnswerBytes, cancellationToken);
        if (!answer.IsSuccess)
        {
            throw Failure(answer);
        }

        return BuiltInHttp.ReadJson(answer, Product);
    }

    private static ToolFailedException Failure(BuiltInAnswer answer)
    {
        // Our own service: its problems are sentences for the caller.
        var detail = (int)answer.Status < 500 || (int)answer.Status is 502 or 503 or 504 ? Detail(answer) : null;
        return new((int)answer.Status switch
        {
            401 => "The platform's database service does not accept your access token: it is over, or not made for the platform's API (its audience). Log in again, or use an API key.",
            403 => "You lack the permission to query databases (db.query). Ask an administrator of the platform.",
            404 => "The connection is gone, or you may not query it. Call list_connections for those that there are.",
            429 => $"{detail ?? "Too many queries at a time."} Try again in {Math.Max(1, Math.Ceiling(answer.RetryAfter?.TotalSeconds ?? 1)):0} s.",
            _ => detail is null ? "The platform's database service had an error. Try again later." : detail,
        });
    }

    private static string? Detail(BuiltInAnswer answer)
    {
        try
        {
            var problem = JsonElement.Parse(answer.Body);
            var errors = problem.At("errors") is { ValueKind: JsonValueKind.Object } all
                ? string.Join(' ', all.EnumerateObject().Where(error => error.Value.ValueKind == JsonValueKind.Array).SelectMany(error => error.Value.EnumerateArray()).Select(text => text.ToString()))
                : string.Empty;
            return errors.Length > 0 ? errors.Cut(2000) : problem.TextAt("detail")?.Cut(2000);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ConnectionItem? Item(JsonElement json) => Guid.TryParse(json.TextAt("id"), out var id) && json.TextAt("name") is { } name
        ? new(id, name, json.TextAt("owner") ?? string.Empty, json.FlagAt("is_owner"), json.TextAt("database_type") ?? string.Empty, json.TextAt("database") ?? string.Empty, json.FlagAt("read_only"))
        : null;
}
