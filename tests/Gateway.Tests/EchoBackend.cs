using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.Gateway.Tests;

/// <summary>A server behind the Gateway that tells what it received, and answers in its own way where a test says how.</summary>
internal sealed class EchoBackend : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, RequestDelegate> answers = new(StringComparer.Ordinal);

    private EchoBackend(WebApplication app) => this.app = app;

    public string Address => app.Urls.First();

    public static async Task<EchoBackend> StartAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        var backend = new EchoBackend(server);
        server.Run(context => backend.answers.TryGetValue(context.Request.Path, out var answer) ? answer(context) : EchoAsync(context, name));
        backend.Answer("/health", context => context.Response.WriteAsJsonAsync(new { status = "healthy" }));
        await server.StartAsync();
        return backend;
    }

    /// <summary>Answers a path in another way, until what is returned is disposed: other tests ask for the same paths.</summary>
    public IDisposable Answer(string path, RequestDelegate answer)
    {
        answers[path] = answer;
        return new Registration(() => answers.TryRemove(path, out _));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static async Task EchoAsync(HttpContext context, string name)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var headers = new JsonObject();
        foreach (var (header, value) in context.Request.Headers)
        {
            headers[header.ToLowerInvariant()] = value.ToString();
        }

        await context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["service"] = name,
            ["method"] = context.Request.Method,
            ["path"] = context.Request.Path.Value + context.Request.QueryString,
            ["headers"] = headers,
            ["body_length"] = body.Length,
        });
    }

    private sealed class Registration(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
