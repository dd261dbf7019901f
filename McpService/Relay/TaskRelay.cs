using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// Calls that go on after their answer: the tasks of 2025-11-25 (with sessions) and those of the extension <c>io.modelcontextprotocol/tasks</c> (2026-07-28). Each client sees those of
/// servers of its own era; a task is its caller's alone, for as long as that may call the tool.
/// </summary>
internal sealed class TaskRelay(TaskTickets tickets, EraBridge bridge, Denials denials)
{
    public const string Extension = "io.modelcontextprotocol/tasks";

    // The older era's tasks/result waits for the end of the task.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    public static bool Has(RelayCall call) => call.Method is "tasks/get" or "tasks/cancel" || call.Method == (call.Client.IsModern ? "tasks/update" : "tasks/result");

    public async Task<RelayAnswer> AnswerAsync(RelayCall call, CancellationToken cancellationToken)
    {
        if (call.Client.IsModern && (call.Client.Capabilities["extensions"] as JsonObject)?.ContainsKey(Extension) != true)
        {
            return RelayAnswer.Fail(
                RelayError.MissingCapability, $"The method '{call.Method}' needs the extension '{Extension}', which this client did not declare.",
                new JsonObject { ["requiredCapabilities"] = new JsonObject { ["extensions"] = new JsonObject { [Extension] = new JsonObject() } } });
        }

        if (call.Parameters["taskId"] is not JsonValue value || !value.TryGetValue(out string? id))
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "The parameter taskId must be the id of a task.");
        }

        // A header that is not there decides nothing: clients older than the rule send none.
        if (call.Header?.Invoke("Mcp-Name") is { Length: > 0 } name && McpHeaderEncoder.DecodeValue(name) != id)
        {
            return RelayAnswer.Fail(RelayError.HeaderMismatch, "The header Mcp-Name does not say what taskId says.");
        }

        if (await FindAsync(call, id) is not var (member, ticket))
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "Task not found: there is none of that id, or none of yours.");
        }

        var parameters = call.Parameters.DeepClone().AsObject();
        parameters["taskId"] = ticket.Id;
        try
        {
            var headers = call.Client.IsModern ? new Dictionary<string, string>(StringComparer.Ordinal) { ["Mcp-Name"] = ticket.Id } : null;
            var answer = await bridge.SendAsync(call with { Timeout = call.Method == "tasks/result" ? Patience : call.Timeout }, member.Server.Upstream, parameters, headers, cancellationToken);
            if (answer.Result is { } result)
            {
                TaskTickets.Replace(result, ticket.Id, id);
                ContentUris.Expose(result["result"] as JsonObject ?? result, call.Scope, member.Server.Name);
                InputRequests.NameServer(result, call, member.Server.Name);
            }

            return answer;
        }
        catch (UpstreamException exception)
        {
            return RelayAnswer.Fail(RelayError.InternalError, $"The MCP server '{member.Server.Name}' {exception.Message}.");
        }
    }

    /// <summary>The task, if it is the caller's, and the caller may still call its tool here.</summary>
    public async Task<(ScopeMember Member, TaskTicket Ticket)?> FindAsync(RelayCall call, string id)
    {
        if (tickets.Open(call, id) is not { } ticket || call.Scope.Members.FirstOrDefault(member => member.Server.Upstream.Id == ticket.Server) is not { } member || !member.Has(ticket.Tool))
        {
            return null;
        }

        var decision = call.Caller.Access().Decide(Permissions.McpToolsCall, AccessResource.Tool(member.Server.Name, ticket.Tool));
        if (!decision.Allowed)
        {
            await denials.RecordAsync(call, member.Server.Name, decision);
            return null;
        }

        return (member, ticket);
    }

    /// <summary>What an endpoint says of tasks: they are there when one of its servers has them.</summary>
    public static void Announce(JsonObject capabilities, IEnumerable<UpstreamProfile?> profiles, bool isModern)
    {
        capabilities.Remove("tasks");
        (capabilities["extensions"] as JsonObject)?.Remove(Extension);
        if (isModern && profiles.Any(profile => (profile?.Capabilities["extensions"] as JsonObject)?.ContainsKey(Extension) == true))
        {
            var extensions = (JsonObject)(capabilities["extensions"] ??= new JsonObject());
            extensions[Extension] = new JsonObject();
        }
        else if (!isModern && profiles.Any(profile => ((profile?.Capabilities["tasks"] as JsonObject)?["requests"] as JsonObject)?["tools"] is JsonObject tools && tools.ContainsKey("call")))
        {
            // Without a list: which of a server's tasks are whose, the server alone knows.
            capabilities["tasks"] = new JsonObject { ["cancel"] = new JsonObject(), ["requests"] = new JsonObject { ["tools"] = new JsonObject { ["call"] = new JsonObject() } } };
        }
    }
}
