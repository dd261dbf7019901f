using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Budget;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Telemetry;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Tools;

/// <summary>
/// Calls tools, whoever asks and whatever way: MCP clients, the HTTP API, the chat. Decides, holds to the limits, sends, measures, and puts the call on record.
/// </summary>
internal sealed class ToolCalls(
    Registry registry, IServiceScopeFactory scopes, EraBridge bridge, ApprovalGate approvals, CallLimits limits, ToolCallRecords records, ToolUsage usage, McpTelemetry telemetry, TimeProvider time)
{
    /// <summary>Calls a tool.</summary>
    /// <param name="call">The caller's request; its parameters' <c>arguments</c> count, not their <c>name</c>.</param>
    /// <param name="server">The server's name or id.</param>
    /// <param name="tool">The tool, as its server names it.</param>
    /// <param name="aborted">The caller has gone.</param>
    public async Task<ToolCallOutcome> CallAsync(RelayCall call, string server, string tool, CancellationToken aborted)
    {
        var start = time.GetTimestamp();
        var outcome = new ToolCallOutcome { Server = server, Tool = tool, Bundle = call.Scope.Bundle };
        try
        {
            if (await FindAsync(server, aborted) is { } registered)
            {
                outcome = outcome with { Server = registered.Name, ServerId = registered.Upstream.Id };
                outcome = Refuse(call, registered.Name, tool) is { } refusal
                    ? outcome with { Failure = refusal }
                    : await CallWithinLimitsAsync(call, outcome, registered, aborted);
            }
            else
            {
                outcome = outcome with { Failure = ToolCallFailure.UnknownServer };
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            outcome = outcome with { Failure = ToolCallFailure.ClientGone };
            throw;
        }
        catch
        {
            // A defect or an outage of ours: it goes on to the caller.
            outcome = outcome with { Failure = ToolCallFailure.Internal };
            throw;
        }
        finally
        {
            outcome = outcome with { Elapsed = time.GetElapsedTime(start) };
            telemetry.Called(outcome);
            usage.Count(outcome);
            await records.WriteAsync(outcome, call.Caller);
        }

        return outcome;
    }

    /// <summary>Puts on record that somebody called what an endpoint does not have.</summary>
    public async Task<ToolCallOutcome> RefuseUnknownAsync(RelayCall call, string name)
    {
        var outcome = new ToolCallOutcome { Server = call.Scope.Bundle ?? "mcp", Tool = name, Bundle = call.Scope.Bundle, Failure = ToolCallFailure.UnknownTool(call.Scope.Bundle ?? "mcp") };
        telemetry.Called(outcome);
        await records.WriteAsync(outcome, call.Caller);
        return outcome;
    }

    // One that was registered a moment ago, perhaps by way of another replica.
    private async Task<RegisteredServer?> FindAsync(string idOrName, CancellationToken cancellationToken)
    {
        if (registry.Current.FindServer(idOrName) is { } known)
        {
            return known;
        }

        await registry.RefreshAsync(cancellationToken);
        return registry.Current.FindServer(idOrName);
    }

    // Decided on the name alone, before the server is asked: so a hidden tool and one that nobody has take the same time and the same words.
    private static ToolCallFailure? Refuse(RelayCall call, string server, string tool)
    {
        var access = call.Caller.Access();
        var decision = access.Decide(Permissions.McpToolsCall, AccessResource.Tool(server, tool));
        return decision.Allowed ? null
            : access.Decide(Permissions.McpToolsCall, AccessResource.Server(server)).Allowed ? ToolCallFailure.HiddenTool(server, decision)
            : ToolCallFailure.HiddenServer(decision);
    }

    private async Task<ToolCallOutcome> CallWithinLimitsAsync(RelayCall call, ToolCallOutcome outcome, RegisteredServer server, CancellationToken aborted)
    {
        if (!limits.TryBegin(server.Upstream.Id, call.Caller.User.Id, out var running, out var sentence))
        {
            return outcome with { Failure = ToolCallFailure.Limit(sentence) };
        }

        using (running)
        {
            return await CallAsync(call, outcome, server, aborted);
        }
    }

    private async Task<ToolCallOutcome> CallAsync(RelayCall call, ToolCallOutcome outcome, RegisteredServer server, CancellationToken aborted)
    {
        var start = time.GetTimestamp();
        try
        {
            // Names that the server did not list never reach it, nor the names of spans.
            if (await FindToolAsync(server, call, outcome.Tool, aborted) is not { } tool)
            {
                return outcome with
                {
                    Failure = registry.Current.Servers.GetValueOrDefault(server.Upstream.Id)?.Withheld.Contains(outcome.Tool) == true
                        ? ToolCallFailure.Withheld(server.Name) : ToolCallFailure.UnknownTool(server.Name),
                };
            }

            var arguments = call.Parameters["arguments"] as JsonObject;
            using var definition = tool.WantsHeaders ? JsonDocument.Parse(tool.Definition) : null;
            var schema = definition?.RootElement.TryGetProperty("inputSchema", out var found) == true ? found : default;
            if (call.Header is { } header && ParamHeaders.FindMismatch(schema, arguments, header) is { } mismatch)
            {
                return outcome with { Failure = ToolCallFailure.HeaderMismatch(mismatch) };
            }

            if (tool.RequiresApproval)
            {
                var (approved, refusal, question, approval) = await approvals.PassAsync(call, server, tool, aborted);
                outcome = outcome with { Approval = approval };
                if (approved is null)
                {
                    return outcome with { Failure = refusal, Result = question };
                }

                call = approved;
            }

            if (call.Timeout is { } timeout && !server.Tools.ContainsKey(tool.Name))
            {
                // What finding the tool took is gone.
                var left = timeout - time.GetElapsedTime(start);
                call = call with { Timeout = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1) };
            }

            var answer = await SendAsync(call, server, tool, ParamHeaders.For(schema, arguments), aborted);
            return answer.Error is { } error
                ? outcome with { Failure = ToolCallFailure.Refused(new(error.Code, error.Message, error.Data), server.Name) }
                : outcome with { Result = answer.Result };
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, call.Timeout ?? time.GetElapsedTime(start), aborted) is { } failure)
        {
            return outcome with { Failure = failure };
        }
    }

    private async Task<CataloguedTool?> FindToolAsync(RegisteredServer server, RelayCall call, string tool, CancellationToken aborted)
    {
        var known = server.Tools.GetValueOrDefault(tool);
        if (known is not null || server.Withheld.Contains(tool))
        {
            return known;
        }

        using var limit = new CancellationTokenSource(call.Timeout ?? TimeSpan.FromSeconds(30), time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, limit.Token);
        await using (var scope = scopes.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<ToolCatalogue>().RefreshAsync(server.Upstream, SessionOwner.For(server.Upstream, call.Caller.User.Id, call.Caller.AccessToken), stop.Token);
        }

        await registry.RefreshAsync(stop.Token);
        return registry.Current.Servers.GetValueOrDefault(server.Upstream.Id)?.Tools.GetValueOrDefault(tool);
    }

    private async Task<RelayAnswer> SendAsync(
        RelayCall call, RegisteredServer server, CataloguedTool tool, Dictionary<string, string>? headers, CancellationToken aborted)
    {
        using var activity = McpTelemetry.StartCall(server.Upstream, tool.Name);
        try
        {
            var parameters = call.Parameters.DeepClone().AsObject();
            parameters["name"] = tool.Name;
            var answer = await bridge.SendAsync(call, server.Upstream, parameters, headers, aborted);
            McpTelemetry.Ended(activity, answer);
            return answer;
        }
        catch (Exception exception)
        {
            McpTelemetry.Fail(activity, exception);
            throw;
        }
    }
}
