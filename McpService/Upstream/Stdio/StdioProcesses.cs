using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics.Metrics;
using McpPlatform.McpService.Telemetry;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Upstream.Stdio;

/// <summary>The processes that MCP servers run in: not too many, none forgotten, and none started again and again that dies at once.</summary>
internal sealed partial class StdioProcesses : IAsyncDisposable
{
    // A process that lives shorter than this died of its start; the next start waits, longer each time.
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(10), FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1);

    private const int ShortestSecret = 6;

    private readonly StdioOptions options;
    private readonly long maxLine;
    private readonly TimeProvider time;
    private readonly ILogger<StdioProcesses> logger;
    private readonly ConcurrentDictionary<StdioProcess, (UpstreamServer Server, long Started)> running = new();
    private readonly ConcurrentDictionary<Guid, (Uri Url, int Deaths, DateTimeOffset Until)> pauses = new();
    private readonly Lock gate = new();
    private readonly Dictionary<Guid, int> taken = [];
    private int together;

    public StdioProcesses(IOptions<StdioOptions> options, IOptions<UpstreamOptions> upstream, IMeterFactory meters, TimeProvider time, ILogger<StdioProcesses> logger)
    {
        (this.options, maxLine, this.time, this.logger) = (options.Value, upstream.Value.MaxAnswerBytes, time, logger);
        meters.Create(McpTelemetry.Name).CreateObservableGauge(
            "mcpplatform.stdio.processes",
            () => running.Values.GroupBy(entry => entry.Server.Name, StringComparer.Ordinal)
                .Select(group => new Measurement<int>(group.Count(), new KeyValuePair<string, object?>("mcpplatform.server", group.Key))),
            "{process}", "Processes of MCP servers that run.");
    }

    /// <summary>How many processes a server has in this replica.</summary>
    public int Count(Guid server) => running.Values.Count(entry => entry.Server.Id == server);

    /// <summary>Starts a process for a server.</summary>
    /// <exception cref="UpstreamException">It cannot be started now; the sentence says why.</exception>
    public async Task<StdioProcess> StartAsync(UpstreamServer server)
    {
        var launch = StdioLaunch.Of(server.Url);
        if (launch.FindMistake(options) is { } mistake)
        {
            throw new UpstreamException(UpstreamFailure.Unreachable, $"cannot be started: {mistake.Sentence.TrimEnd('.')}");
        }

        if (pauses.TryGetValue(server.Id, out var pause) && pause.Url == server.Url && pause.Until > time.GetUtcNow())
        {
            throw new UpstreamException(UpstreamFailure.Unreachable, $"died soon after each of its last {pause.Deaths} starts, and is started again in {(pause.Until - time.GetUtcNow()).TotalSeconds:0} s");
        }

        var template = options.Templates[launch.Template];
        Take(server.Id);
        try
        {
            var process = new StdioProcess(
                await ProcessGroup.StartAsync(template, launch.Arguments(template), Environment(template, launch)), maxLine, options.StopTimeout, process => Stopped(process));
            running[process] = (server, time.GetTimestamp());
            LogStarted(server.Name, process.Id);
            return process;
        }
        catch (Exception exception) when (exception is Win32Exception or InvalidOperationException)
        {
            Give(server.Id);
            LogNotStarted(server.Name, exception);
            throw new UpstreamException(UpstreamFailure.Unreachable, "cannot be started: its command does not run here", exception);
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(running.Keys.Select(process => process.DisposeAsync().AsTask()));

    private static Dictionary<string, string> Environment(StdioTemplate template, StdioLaunch launch)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin", ["HOME"] = template.WorkingDirectory ?? Path.GetTempPath(), ["LANG"] = "C.UTF-8",
        };
        foreach (var (name, value) in template.Environment)
        {
            environment[name] = launch.Fill(template, value);
        }

        return environment;
    }

    // What an operator writes into an environment are mostly keys, and processes print what they were given.
    private string Redact(UpstreamServer server, string text)
    {
        var launch = StdioLaunch.Of(server.Url);
        return options.Templates.TryGetValue(launch.Template, out var template)
            ? template.Environment.Values.Select(value => launch.Fill(template, value)).Where(value => value.Length >= ShortestSecret).OrderByDescending(value => value.Length)
                .Aggregate(text, (redacted, value) => redacted.Replace(value, "***", StringComparison.Ordinal))
            : text;
    }

    private void Take(Guid server)
    {
        lock (gate)
        {
            var own = taken.GetValueOrDefault(server);
            if (own >= options.MaxProcessesPerServer || together >= options.MaxProcesses)
            {
                throw new UpstreamException(UpstreamFailure.Unreachable, own >= options.MaxProcessesPerServer
                    ? $"runs in as many processes as it may have here, which is {options.MaxProcessesPerServer}: one is free when somebody has not used it for a while"
                    : $"cannot be started: {options.MaxProcesses} processes of MCP servers run here, which is as many as there may be");
            }

            taken[server] = own + 1;
            together++;
        }
    }

    private void Give(Guid server)
    {
        lock (gate)
        {
            taken[server]--;
            together--;
        }
    }

    private void Stopped(StdioProcess process)
    {
        if (!running.TryRemove(process, out var entry))
        {
            return;
        }

        Give(entry.Server.Id);
        LogEnded(entry.Server.Name, process.Id, process.HowItEnded, Redact(entry.Server, string.Join(" | ", process.LastErrors)));
        if (time.GetElapsedTime(entry.Started) >= ShortLife)
        {
            pauses.TryRemove(entry.Server.Id, out _);
        }
        else if (process.EndedByItself)
        {
            pauses.AddOrUpdate(
                entry.Server.Id,
                _ => (entry.Server.Url, 1, time.GetUtcNow() + FirstPause),
                (_, before) => before.Url != entry.Server.Url ? (entry.Server.Url, 1, time.GetUtcNow() + FirstPause)
                    : (before.Url, before.Deaths + 1, time.GetUtcNow() + TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(before.Deaths, 10)))));
        }
    }

    [LoggerMessage(1400, LogLevel.Information, "{Server} runs in process {Process}")]
    private partial void LogStarted(string server, int process);

    [LoggerMessage(1401, LogLevel.Information, "{Server} {How} (process {Process}); it last said: {Errors}")]
    private partial void LogEnded(string server, int process, string how, string errors);

    [LoggerMessage(1402, LogLevel.Error, "{Server} could not be started")]
    private partial void LogNotStarted(string server, Exception exception);
}
