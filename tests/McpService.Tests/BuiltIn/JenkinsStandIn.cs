using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.BuiltIn;

/// <summary>As much of Jenkins' remote access API as its documentation promises.</summary>
internal sealed class JenkinsStandIn : IAsyncDisposable
{
    public const string User = "robot", Token = "11-token-of-jenkins";
    private readonly WebApplication app;
    private int asked;

    private JenkinsStandIn(WebApplication app) => this.app = app;

    public string Url { get; private set; } = string.Empty;

    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<Dictionary<string, string>> Started { get; } = new();

    public bool NeedsCrumb { get; set; }

    /// <summary>How often the queue and the build are asked for before they go on.</summary>
    public int Patience { get; set; }

    public string Log { get; set; } = "Started by user robot\nFinished: FAILURE\n";

    public static async Task<JenkinsStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var jenkins = new JenkinsStandIn(builder.Build());
        jenkins.app.Urls.Add("http://127.0.0.1:0");
        jenkins.app.Use(jenkins.CheckAsync);
        jenkins.Map();
        await jenkins.app.StartAsync();
        jenkins.Url = jenkins.app.Urls.First() + "/ci";
        return jenkins;
    }

    public Dictionary<string, string?> Settings => new(StringComparer.Ordinal)
    {
        ["Jenkins:Url"] = Url, ["Jenkins:User"] = User, ["Jenkins:ApiToken"] = Token, ["Jenkins:Timeout"] = "00:00:01", ["Jenkins:PollInterval"] = "00:00:00.100",
    };

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{Uri.UnescapeDataString(context.Request.QueryString.Value ?? "")}");
        if (context.Request.Headers.Authorization != "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Token}")))
        {
            context.Response.StatusCode = 401;
        }
        else if (context.Request.Method == "POST" && NeedsCrumb && (context.Request.Headers["Jenkins-Crumb"] != "c0ffee" || context.Request.Headers.Cookie != "JSESSIONID.1=abc"))
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsync("<html><body>HTTP ERROR 403 No valid crumb was included in the request</body></html>");
        }
        else
        {
            await next(context);
        }
    }

    private void Map()
    {
        var jenkins = app.MapGroup("/ci");
        jenkins.MapGet("/api/json", (string tree) => Json(
            // Jenkins itself cuts to the range of the tree.
            tree.Contains("{0,3}", StringComparison.Ordinal)
                ? """{"jobs":[{"fullName":"team","name":"team"},{"fullName":"site","color":"blue_anime"},{"fullName":"old","color":"disabled"}]}"""
                : """{"jobs":[{"fullName":"old","color":"disabled"}]}"""));
        jenkins.MapGet("/job/team/job/de ploy/api/json", () => Json("""
            {"fullName":"team/de ploy","description":"Deploys","buildable":true,"inQueue":false,"lastBuild":{"number":7},"lastSuccessfulBuild":{"number":6},"lastFailedBuild":null,
             "property":[{},{"parameterDefinitions":[
               {"name":"STAGE","type":"ChoiceParameterDefinition","choices":["test","live"],"description":"Where to","defaultParameterValue":{"value":"test"}},
               {"name":"DRY","type":"BooleanParameterDefinition","defaultParameterValue":{"value":true}},
               {"name":"KEY","type":"PasswordParameterDefinition","defaultParameterValue":{"value":"canary-default"}}]}]}
            """));
        jenkins.MapGet("/job/site/api/json", () => Json("""{"fullName":"site","property":[]}"""));
        jenkins.MapPost("/job/team/job/de ploy/buildWithParameters", StartAsync);
        jenkins.MapPost("/job/site/build", StartAsync);
        jenkins.MapPost("/job/disabled/buildWithParameters", () => Results.Conflict());
        jenkins.MapPost("/job/strict/buildWithParameters", () => Results.StatusCode(500));
        jenkins.MapGet("/crumbIssuer/api/json", (HttpResponse response) =>
        {
            response.Headers.SetCookie = "JSESSIONID.1=abc; Path=/ci; HttpOnly";
            return Json("""{"crumb":"c0ffee","crumbRequestField":"Jenkins-Crumb"}""");
        });
        jenkins.MapGet("/queue/item/41/api/json", () => Json(++asked <= Patience
            ? """{"why":"Waiting for next available executor","cancelled":false}"""
            : """{"why":null,"cancelled":false,"executable":{"number":8}}"""));
        jenkins.MapGet("/queue/item/42/api/json", () => Json("""{"cancelled":true}"""));
        jenkins.MapGet("/job/site/{build}/api/json", (string build) => build is "8" or "lastBuild" ? Json(++asked <= Patience
            ? """{"number":8,"building":true,"result":null,"timestamp":1700000000000,"duration":0,"estimatedDuration":-1,"actions":[]}"""
            : """
              {"number":8,"building":false,"result":"FAILURE","timestamp":1700000000000,"duration":1500,"estimatedDuration":2000,
               "actions":[{},{"causes":[{"shortDescription":"Started by user robot"}]},{"parameters":[{"_class":"hudson.model.PasswordParameterValue","name":"KEY","value":"canary-value"},{"name":"A","value":"b"}]}]}
              """) : Results.NotFound());
        jenkins.MapGet("/job/site/8/logText/progressiveText", (long start, HttpResponse response) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Log);
            response.Headers["X-Text-Size"] = $"{bytes.Length}";
            return Results.Bytes(bytes[(int)(start > bytes.Length ? 0 : start)..], "text/plain;charset=utf-8");
        });
        foreach (var (job, status) in new[] { ("secret", 403), ("busy", 429), ("broken", 500), ("moved", 302) })
        {
            jenkins.MapGet($"/job/{job}/api/json", (HttpResponse response) =>
            {
                response.Headers.RetryAfter = "7";
                response.Headers.Location = "http://127.0.0.1:1/";
                return Results.StatusCode(status);
            });
        }

        jenkins.MapGet("/job/slow/api/json", (CancellationToken gone) => Task.Delay(TimeSpan.FromSeconds(30), gone));
        jenkins.MapGet("/job/huge/api/json", () => Json($$"""{"description":"{{new string('x', 3 * 1024 * 1024)}}"}"""));
        jenkins.MapGet("/job/html/api/json", () => Results.Text("<html>Sign in</html>"));
    }

    private async Task StartAsync(HttpContext context)
    {
        Started.Enqueue((await context.Request.ReadFormAsync()).ToDictionary(x => x.Key, x => x.Value.ToString(), StringComparer.Ordinal));
        context.Response.StatusCode = 201;
        context.Response.Headers.Location = $"http://another.example/ci/queue/item/41/";
    }

    private static IResult Json(string json) => Results.Text(json, "application/json");
}
