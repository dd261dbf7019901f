using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;

namespace McpPlatform.Bench.ToolsCall;

/// <summary>How a case is spoken to.</summary>
internal enum Dialect
{
    /// <summary>2025-11-25: a worker initializes once, and calls in its session.</summary>
    Sessions,

    /// <summary>2026-07-28: each call says for itself who asks.</summary>
    SelfContained,

    /// <summary>mcp-hub's own HTTP API, which is the only way to call a tool of one server with it.</summary>
    HubApi,
}

/// <summary>A closed loop: each worker calls <c>echo</c>, reads the answer to its end, looks whether it holds what was said, and calls again.</summary>
internal sealed class LoadClient(Uri url, Dialect dialect, Func<string>? token) : IDisposable
{
    private const string Version = "2025-11-25", SelfContainedVersion = "2026-07-28";
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null });

    /// <summary>Lets workers call for a while.</summary>
    /// <returns>What each call took, in ms, and how long all of it took.</returns>
    public async Task<(List<double> Latencies, TimeSpan Elapsed)> RunAsync(int workers, TimeSpan warmUp, TimeSpan duration)
    {
        var authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token());
        var sessions = new string?[workers];
        for (var worker = 0; worker < workers; worker++)
        {
            sessions[worker] = dialect == Dialect.Sessions ? await OpenAsync(authorization) : null;
        }

        await Task.WhenAll(sessions.Select((session, worker) => CallAsync(worker, session, authorization, warmUp)));
        var watch = Stopwatch.StartNew();
        var latencies = await Task.WhenAll(sessions.Select((session, worker) => CallAsync(worker, session, authorization, duration)));
        watch.Stop();
        foreach (var session in sessions.OfType<string>())
        {
            using var close = Message(HttpMethod.Delete, null, session, authorization);
            using var closed = await http.SendAsync(close);
        }

        return ([.. latencies.SelectMany(each => each)], watch.Elapsed);
    }

    /// <summary>Opens a session, as a client does.</summary>
    public async Task<string?> OpenAsync(AuthenticationHeaderValue? authorization)
    {
        const string initialize = """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}""";
        using var request = Message(HttpMethod.Post, initialize, null, authorization);
        using var response = await http.SendAsync(request);
        await ReadAsync(response, "\"protocolVersion\"");
        var session = response.Headers.TryGetValues("Mcp-Session-Id", out var values) ? values.Single() : null;
        using var initialized = Message(HttpMethod.Post, """{"jsonrpc":"2.0","method":"notifications/initialized"}""", session, authorization);
        using var accepted = await http.SendAsync(initialized);
        accepted.EnsureSuccessStatusCode();
        return session;
    }

    /// <summary>One call in a session, or without one.</summary>
    public async Task CallOnceAsync(string text, string? session, AuthenticationHeaderValue? authorization, string tool = "echo")
    {
        var body = dialect switch
        {
            Dialect.Sessions => $$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{{tool}}}}","arguments":{"message":"{{{{text}}}}"}}}""",
            Dialect.SelfContained =>
                $$$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{{{tool}}}}}","arguments":{"message":"{{{{{text}}}}}"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}""",
            _ => $$$"""{"server_name":"bench","tool":"{{{tool}}}","arguments":{"message":"{{{text}}}"}}""",
        };
        using var request = Message(HttpMethod.Post, body, session, authorization);
        if (dialect == Dialect.SelfContained)
        {
            request.Headers.TryAddWithoutValidation("Mcp-Method", "tools/call");
            request.Headers.TryAddWithoutValidation("Mcp-Name", tool);
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await ReadAsync(response, $"\"{text}\"");
    }

    public void Dispose() => http.Dispose();

    private async Task<List<double>> CallAsync(int worker, string? session, AuthenticationHeaderValue? authorization, TimeSpan duration)
    {
        await Task.Yield();
        List<double> latencies = [];
        for (var (begin, call) = (Stopwatch.GetTimestamp(), 0); Stopwatch.GetElapsedTime(begin) < duration; call++)
        {
            var started = Stopwatch.GetTimestamp();
            await CallOnceAsync($"worker {worker} says {call}", session, authorization);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return latencies;
    }

    private HttpRequestMessage Message(HttpMethod method, string? body, string? session, AuthenticationHeaderValue? authorization)
    {
        var request = new HttpRequestMessage(method, url);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = Json;
        }

        request.Headers.Authorization = authorization;
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (dialect != Dialect.HubApi)
        {
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", dialect == Dialect.Sessions ? Version : SelfContainedVersion);
        }

        if (session is not null)
        {
            request.Headers.TryAddWithoutValidation("Mcp-Session-Id", session);
        }

        return request;
    }

    private static async Task ReadAsync(HttpResponseMessage response, string expected)
    {
        var answer = await response.Content.ReadAsByteArrayAsync();
        if (!response.IsSuccessStatusCode || answer.AsSpan().IndexOf(Encoding.UTF8.GetBytes(expected)) < 0)
        {
            throw new InvalidOperationException($"The answer is HTTP {(int)response.StatusCode} and does not hold {expected}: {Encoding.UTF8.GetString(answer)}");
        }
    }
}
