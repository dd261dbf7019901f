using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.BuiltIn;

/// <summary>As much of Confluence's REST APIs as their documentation promises: version 2 of Cloud and version 1 of Data Center over one page.</summary>
internal sealed class ConfluenceStandIn : IAsyncDisposable
{
    public const string Secret = "token-of-confluence";
    private readonly WebApplication app;

    private ConfluenceStandIn(WebApplication app) => this.app = app;

    public ConcurrentQueue<string> Queries { get; } = new();

    public ConcurrentQueue<JsonObject> Written { get; } = new();

    public int Version { get; set; } = 3;

    /// <summary>Somebody changes the page between the look and the change.</summary>
    public bool IsRaced { get; set; }

    public string Storage { get; set; } = "<h2>Steps &amp; more</h2><p>One&nbsp;<strong>two</strong></p><ul><li>a</li><li>b</li></ul>";

    public static async Task<ConfluenceStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var confluence = new ConfluenceStandIn(builder.Build());
        confluence.app.Urls.Add("http://127.0.0.1:0");
        confluence.app.Use((context, next) =>
        {
            var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"ada@example.com:{Secret}"));
            var good = context.Request.Headers.Authorization == (context.Request.Path.StartsWithSegments("/wiki") ? basic : $"Bearer {Secret}");
            context.Response.StatusCode = good ? 200 : 401;
            return good ? next(context) : Task.CompletedTask;
        });
        confluence.Map();
        await confluence.app.StartAsync();
        return confluence;
    }

    public Dictionary<string, string?> Settings(bool cloud) => cloud
        ? new(StringComparer.Ordinal) { ["Confluence:BaseUrl"] = app.Urls.First() + "/wiki", ["Confluence:User"] = "ada@example.com", ["Confluence:ApiToken"] = Secret, ["Confluence:Timeout"] = "00:00:01" }
        : new(StringComparer.Ordinal) { ["Confluence:BaseUrl"] = app.Urls.First() + "/dc/", ["Confluence:PersonalAccessToken"] = Secret, ["Confluence:Timeout"] = "00:00:01" };

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private void Map()
    {
        foreach (var root in new[] { "/wiki", "/dc" })
        {
            app.MapGet(root + "/rest/api/search", (string cql) =>
            {
                Queries.Enqueue(cql);
                return cql.Contains("broken", StringComparison.Ordinal) ? Results.BadRequest() : Json("""
                    {"results":[{"content":{"id":"77","title":"Guide","space":{"key":"DOC"}},"excerpt":"how @@@hl@@@to@@@endhl@@@ go","lastModified":"2026-01-02T03:04:05.000Z"},
                      {"content":{"id":"78","title":"Other"},"excerpt":""}],"start":0,"size":2}
                    """);
            });
        }

        app.MapGet("/wiki/rest/api/user", () => Json("""{"displayName":"Grace Hopper"}"""));
        app.MapGet("/wiki/api/v2/spaces", (string keys) => Json(keys == "DOC" ? """{"results":[{"id":"9","key":"DOC"}]}""" : """{"results":[]}"""));
        app.MapGet("/wiki/api/v2/pages/{id}", (string id) => Page(id, V2));
        app.MapGet("/dc/rest/api/content/{id}", (string id) => Page(id, V1));
        app.MapPost("/wiki/api/v2/pages", (HttpRequest request) => WriteAsync(request, V2, create: true));
        app.MapPost("/dc/rest/api/content", (HttpRequest request) => WriteAsync(request, V1, create: true));
        app.MapPut("/wiki/api/v2/pages/77", (HttpRequest request) => WriteAsync(request, V2, create: false));
        app.MapPut("/dc/rest/api/content/77", (HttpRequest request) => WriteAsync(request, V1, create: false));
    }

    private IResult Page(string id, Func<string> page) => id switch
    {
        "77" => Json(page()),
        "403" => Results.StatusCode(403),
        "429" => Results.StatusCode(429),
        "500" => Results.StatusCode(500),
        _ => Results.NotFound(),
    };

    private async Task<IResult> WriteAsync(HttpRequest request, Func<string> page, bool create)
    {
        var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
        Written.Enqueue(body);
        if (create)
        {
            return (string?)body["title"] == "Taken" ? Results.BadRequest() : Json(page());
        }

        Version += IsRaced ? 1 : 0;
        if ((int)body["version"]!["number"]! != Version + 1)
        {
            return Results.Conflict();
        }

        Version++;
        return Json(page());
    }

    private string V2() => new JsonObject
    {
        ["id"] = "77", ["title"] = "Guide", ["spaceId"] = "9", ["version"] = new JsonObject { ["number"] = Version, ["message"] = "typos", ["createdAt"] = "2026-01-02T03:04:05Z", ["authorId"] = "acc" },
        ["body"] = new JsonObject { ["storage"] = new JsonObject { ["value"] = Storage } },
    }.ToJsonString();

    private string V1() => new JsonObject
    {
        ["id"] = "77", ["title"] = "Guide", ["space"] = new JsonObject { ["key"] = "DOC" },
        ["version"] = new JsonObject { ["number"] = Version, ["message"] = "typos", ["when"] = "2026-01-02T03:04:05Z", ["by"] = new JsonObject { ["displayName"] = "Grace Hopper" } },
        ["body"] = new JsonObject { ["storage"] = new JsonObject { ["value"] = Storage } },
    }.ToJsonString();

    private static IResult Json(string json) => Results.Text(json, "application/json");
}
