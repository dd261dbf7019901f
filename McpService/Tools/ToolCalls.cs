using System.Diagnostics;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Telemetry;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>Calls tools for the user of the request: finds them, holds to the limits, measures, and puts the call on record.</summary>
internal sealed class ToolCalls(
    McpDbContext db, AccessDecider access, ToolCatalogue catalogue, UpstreamSessions sessions, CallLimits limits, CurrentUser user, ToolCallRecords records,
    McpTelemetry telemetry, TimeProvider time)
{
    public async Task<ToolCallOutcome> CallAsync(string idOrName, string tool, JsonObject? arguments, TimeSpan timeout, CancellationToken aborted)
    {
        var start = time.GetTimestamp();
        var call = new ToolCallOutcome { Server = idOrName, Tool = tool };
        try
        {
            if (await db.Servers.AsNoTracking().FindServerAsync(idOrName, aborted) is { Enabled: true } server)
            {
                call = call with { Server = server.Name, ServerId = server.Id, LastGoodCallAt = server.Health.LastGoodCallAt };
                call = Refuse(server.Name, tool) is { } refusal
                    ? call with { Failure = refusal }
                    : await CallWithinLimitsAsync(call, server.ToUpstream(), arguments, timeout, aborted);
            }
            else
            {
                call = call with { Failure = ToolCallFailure.UnknownServer };
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            call = call with { Failure = ToolCallFailure.ClientGone };
            throw;
        }
        catch
        {
            // A defect or an outage of ours: it goes on to the caller.
            call = call with { Failure = ToolCallFailure.Internal };
            throw;
        }
        finally
        {
            call = call with { Elapsed = time.GetElapsedTime(start) };
            telemetry.Called(call);
            await records.WriteAsync(call);
        }

        return call;
    }

    // Decided on the name alone, before the server is asked: so a hidden tool and one that nobody has take the same time and the same words.
    private ToolCallFailure? Refuse(string server, string tool)
    {
        var decision = access.Decide(Permissions.McpToolsCall, AccessResource.Tool(server, tool));
        return decision.Allowed ? null
            : access.Decide(Permissions.McpToolsCall, AccessResource.Server(server)).Allowed ? ToolCallFailure.HiddenTool(server, decision)
            : ToolCallFailure.HiddenServer(decision);
    }

    private async Task<ToolCallOutcome> CallWithinLimitsAsync(
        ToolCallOutcome call, UpstreamServer server, JsonObject? arguments, TimeSpan timeout, CancellationToken aborted)
    {
        if (!limits.TryBegin(server.Id, user.Id, out var running, out var sentence))
        {
            return call with { Failure = ToolCallFailure.Limit(sentence) };
        }

        using (running)
        {
            return await CallAsync(call, server, arguments, timeout, aborted);
        }
    }

    private async Task<ToolCallOutcome> CallAsync(
        ToolCallOutcome call, UpstreamServer server, JsonObject? arguments, TimeSpan timeout, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, limit.Token);
        try
        {
            // Names that the server did not list never reach it, nor the names of spans.
            if (!await catalogue.KnowsAsync(server.Id, call.Tool, stop.Token)
                && !(await catalogue.RefreshAsync(server, stop.Token)).Any(tool => tool.GetProperty("name").ValueEquals(call.Tool)))
            {
                return call with { Failure = ToolCallFailure.UnknownTool(server.Name) };
            }

            return call with { Result = await SendAsync(server, call.Tool, arguments, stop.Token) };
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, timeout, aborted) is { } failure)
        {
            return call with { Failure = failure };
        }
    }

    private async Task<JsonObject> SendAsync(UpstreamServer server, string tool, JsonObject? arguments, CancellationToken cancellationToken)
    {
        using var activity = McpTelemetry.StartCall(server, tool);
        try
        {
            return await sessions.UseAsync(
                server,
                SessionOwner.Of(user.Id),
                leg =>
                {
                    activity?.SetTag("mcp.protocol.version", leg.ProtocolVersion);
                    return leg.RequestAsync("tools/call", Parameters(tool, arguments), cancellationToken);
                },
                cancellationToken);
        }
        catch (Exception exception)
        {
            McpTelemetry.Fail(activity, exception);
            throw;
        }
    }

    private static JsonObject Parameters(string tool, JsonObject? arguments)
    {
        // JSON has one parent: a copy for each time it is sent.
        var parameters = new JsonObject { ["name"] = tool, ["arguments"] = arguments?.DeepClone() ?? new JsonObject() };
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
        {
            var meta = new JsonObject { ["traceparent"] = activity.Id };
            if (!string.IsNullOrEmpty(activity.TraceStateString))
            {
                meta["tracestate"] = activity.TraceStateString;
            }

            parameters["_meta"] = meta;
        }

        return parameters;
    }
}
