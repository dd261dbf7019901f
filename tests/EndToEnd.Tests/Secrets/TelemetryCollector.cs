using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.EndToEnd.Tests.Secrets;

/// <summary>Takes traces, metrics and logs over OTLP (protobuf over HTTP), in which text stands as it is.</summary>
internal sealed class TelemetryCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<byte[]> bodies = new();
    private WebApplication? app;
    private volatile bool keeping;

    public string Address => app!.Urls.First();

    /// <summary>From now on what comes is kept.</summary>
    public void Keep() => keeping = true;

    /// <summary>What came since, and no more is kept.</summary>
    public IReadOnlyList<byte[]> Stop()
    {
        keeping = false;
        return [.. bodies];
    }

    /// <summary>Whether a text has come.</summary>
    public bool Has(string text) => bodies.Any(body => body.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0);

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            if (keeping)
            {
                bodies.Enqueue(body.ToArray());
            }

            context.Response.ContentType = "application/x-protobuf";
        });
        await app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.DisposeAsync();
        }
    }
}
