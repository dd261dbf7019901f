using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn.Confluence;

/// <summary>A page as both kinds of Confluence tell it.</summary>
internal sealed record StoredPage(string Id, string Title, int Version, DateTimeOffset? ChangedAt, string? ChangedBy, string? Message, string? Storage, string? SpaceKey);

/// <summary>Confluence's REST API: version 2 for pages in Cloud, version 1 in Data Center and for search in both.</summary>
internal sealed class ConfluenceClient(IHttpClientFactory clients, IOptions<ConfluenceOptions> options)
{
    public const string ClientName = "builtin-confluence";
    public const string PageMissing = "Confluence has no such page, or the platform's account may not see it. Call search for the id.";
    private const string Product = "Confluence";

    private bool IsCloud => options.Value.IsCloud;

    public async Task<JsonElement> SearchAsync(string cql, int limit, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, $"rest/api/search?cql={Uri.EscapeDataString(cql)}&limit={limit}&excerpt=highlight&expand=content.space", null, cancellationToken);
        if ((int)answer.Status == 400)
        {
            throw new ToolFailedException("Confluence does not understand the query. Check its CQL, or search with words.");
        }

        BuiltInHttp.ThrowIfFailed(answer, Product, "Confluence has no search at the configured address. Ask the operator to check it.");
        return BuiltInHttp.ReadJson(answer, Product);
    }

    public async Task<StoredPage> GetAsync(string id, CancellationToken cancellationToken)
    {
        var path = IsCloud ? $"api/v2/pages/{id}?body-format=storage" : $"rest/api/content/{id}?expand=body.storage,version,space";
        var answer = await SendAsync(HttpMethod.Get, path, null, cancellationToken);
        BuiltInHttp.ThrowIfFailed(answer, Product, PageMissing);
        return await ReadAsync(answer, cancellationToken);
    }

    public async Task<StoredPage> CreateAsync(CreatePageInput input, string storage, CancellationToken cancellationToken)
    {
        JsonObject body;
        if (IsCloud)
        {
            body = new() { ["spaceId"] = await FindSpaceAsync(input.Space, cancellationToken), ["status"] = "current", ["title"] = input.Title, ["body"] = V2Body(storage) };
            if (input.ParentId is not null)
            {
                body["parentId"] = input.ParentId;
            }
        }
        else
        {
            body = new() { ["type"] = "page", ["title"] = input.Title, ["space"] = new JsonObject { ["key"] = input.Space }, ["body"] = V1Body(storage) };
            if (input.ParentId is not null)
            {
                body["ancestors"] = new JsonArray(new JsonObject { ["id"] = input.ParentId });
            }
        }

        var answer = await SendAsync(HttpMethod.Post, IsCloud ? "api/v2/pages" : "rest/api/content", body, cancellationToken);
        if ((int)answer.Status is 400 or 409)
        {
            throw new ToolFailedException("Confluence did not create the page: most often the space has a page of that title, or the parent is not in the space. Search for the title, and update that page or choose another title.");
        }

        BuiltInHttp.ThrowIfFailed(answer, Product, "Confluence has no such space or parent page, or the platform's account may not write there.");
        return await ReadAsync(answer, cancellationToken);
    }

    /// <returns>The page as it is now; null when somebody else was first.</returns>
    public async Task<StoredPage?> UpdateAsync(UpdatePageInput input, string title, string storage, CancellationToken cancellationToken)
    {
        var version = new JsonObject { ["number"] = input.Version + 1, ["message"] = input.Message ?? string.Empty };
        JsonObject body = IsCloud
            ? new() { ["id"] = input.PageId, ["status"] = "current", ["title"] = title, ["body"] = V2Body(storage), ["version"] = version }
            : new() { ["type"] = "page", ["title"] = title, ["body"] = V1Body(storage), ["version"] = version };
        var answer = await SendAsync(HttpMethod.Put, IsCloud ? $"api/v2/pages/{input.PageId}" : $"rest/api/content/{input.PageId}", body, cancellationToken);
        if ((int)answer.Status == 409)
        {
            return null;
        }

        if ((int)answer.Status == 400)
        {
            throw new ToolFailedException("Confluence did not accept the new text or title. Check that the body is storage format, and that no other page of the space has the title.");
        }

        BuiltInHttp.ThrowIfFailed(answer, Product, PageMissing);
        return await ReadAsync(answer, cancellationToken);
    }

    private async Task<string> FindSpaceAsync(string key, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, $"api/v2/spaces?keys={Uri.EscapeDataString(key)}&limit=1", null, cancellationToken);
        BuiltInHttp.ThrowIfFailed(answer, Product, "Confluence has no API for spaces at the configured address. Ask the operator to check it.");
        return BuiltInHttp.ReadJson(answer, Product).ItemsAt("results").Select(space => space.TextAt("id")).FirstOrDefault()
            ?? throw new ToolFailedException("Confluence has no space of that key, or the platform's account may not see it. Search for a page of the space: its key stands beside it.");
    }

    private async Task<StoredPage> ReadAsync(BuiltInAnswer answer, CancellationToken cancellationToken)
    {
        var json = BuiltInHttp.ReadJson(answer, Product);
        var version = json.At("version");
        var by = version?.At("by")?.TextAt("displayName") ?? (version?.TextAt("authorId") is { } account ? await FindNameAsync(account, cancellationToken) : null);
        var at = version?.TextAt("createdAt") ?? version?.TextAt("when");
        return json.TextAt("id") is { } id && version?.NumberAt("number") is { } number and > 0 and < int.MaxValue
            ? new(
                id, json.TextAt("title") ?? string.Empty, (int)number,
                DateTimeOffset.TryParse(at, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var changed) ? changed : null, by, version?.TextAt("message"),
                json.At("body")?.At("storage")?.TextAt("value"), json.At("space")?.TextAt("key"))
            : throw new ToolFailedException("Confluence gave an answer that is not of its API. Ask the operator to check the configured address.");
    }

    // Cloud tells only an id; the name is worth a question but no failure.
    private async Task<string> FindNameAsync(string account, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await SendAsync(HttpMethod.Get, $"rest/api/user?accountId={Uri.EscapeDataString(account)}", null, cancellationToken);
            return answer.IsSuccess ? BuiltInHttp.ReadJson(answer, Product).TextAt("displayName") ?? account : account;
        }
        catch (ToolFailedException)
        {
            return account;
        }
    }

    private async Task<BuiltInAnswer> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        _ = BuiltInAddresses.TryParse(options.Value.BaseUrl, out var root);
        using var request = new HttpRequestMessage(method, new Uri(root, path)) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Accept.Add(new("application/json"));
        request.Headers.Authorization = IsCloud
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.Value.User}:{options.Value.ApiToken}")))
            : new AuthenticationHeaderValue("Bearer", options.Value.PersonalAccessToken);
        return await BuiltInHttp.SendAsync(clients.CreateClient(ClientName), request, Product, options.Value.Timeout, options.Value.MaxAnswerBytes, cancellationToken);
    }

    private static JsonObject V2Body(string storage) => new() { ["representation"] = "storage", ["value"] = storage };

    private static JsonObject V1Body(string storage) => new() { ["storage"] = new JsonObject { ["value"] = storage, ["representation"] = "storage" } };
}
