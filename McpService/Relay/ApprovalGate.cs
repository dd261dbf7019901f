using System.Text.Json.Nodes;
using McpPlatform.McpService.Approvals;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>What came of the question whether a call may be made.</summary>
/// <param name="Call">The call as it goes on; null when it does not.</param>
/// <param name="Failure">Why it does not.</param>
/// <param name="Question">What the client is asked first.</param>
/// <param name="Approval">The approval that was used up.</param>
internal sealed record ApprovalOutcome(RelayCall? Call, ToolCallFailure? Failure = null, JsonObject? Question = null, Guid? Approval = null);

/// <summary>
/// Holds calls of tools that need a person's word, for each call anew. Clients that can be asked are asked on the way: those of 2026-07-28 in a round of their own, those with
/// sessions by a request. For others the question waits in the API (<c>/api/mcp/approvals</c>), and the same call goes through once after it was approved there.
/// </summary>
internal sealed class ApprovalGate(ApprovalStore store, RequestStates states, IOptions<UpstreamOptions> options)
{
    private const string Key = "mcpplatform_approval", Field = "approve";
    private const int MaxShown = 2_000;

    public async Task<ApprovalOutcome> PassAsync(RelayCall call, RegisteredServer server, CataloguedTool tool, CancellationToken cancellationToken)
    {
        var arguments = call.Parameters["arguments"] as JsonObject ?? [];
        var (hash, id) = (ApprovedArguments.Hash(arguments), server.Upstream.Id);
        if (call.Client.IsModern && call.Parameters["requestState"] is JsonValue state && state.TryGetValue(out string? text) && states.Open(call, id, text) is { } round)
        {
            if (round.IsApproved)
            {
                return new(call with { IsApproved = true });
            }

            if (round.Approval is { } asked && (call.Parameters["inputResponses"] as JsonObject)?[Key] is JsonObject answer)
            {
                return await TakeAsync(call, server, tool, asked, IsYes(answer), cancellationToken);
            }
        }

        if (await store.UseAsync(call, id, tool.Name, hash, cancellationToken) is { } used)
        {
            return new(call with { IsApproved = true }, Approval: used);
        }

        var question = await store.AskAsync(call, server, tool.Name, arguments, hash, cancellationToken);
        var form = Form(server.Name, tool.Name, arguments);
        if (!call.Client.CanBeAsked(RequestMethods.ElicitationCreate, form))
        {
            return new(null, ToolCallFailure.NeedsApproval(server.Name, question));
        }

        if (call.Client.IsModern)
        {
            return new(null, Question: new()
            {
                ["resultType"] = "input_required",
                ["inputRequests"] = new JsonObject { [Key] = new JsonObject { ["method"] = RequestMethods.ElicitationCreate, ["params"] = form } },
                ["requestState"] = states.SealApproval(call, id, question),
            });
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Value.AskTimeout);
        try
        {
            var reply = await call.Leg.AskAsync(RequestMethods.ElicitationCreate, form, patience.Token);
            return await TakeAsync(call, server, tool, question, reply is JsonRpcResponse { Result: JsonObject given } && IsYes(given), cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(null, ToolCallFailure.NeedsApproval(server.Name, question));
        }
    }

    private async Task<ApprovalOutcome> TakeAsync(RelayCall call, RegisteredServer server, CataloguedTool tool, Guid question, bool yes, CancellationToken cancellationToken)
    {
        var wasOpen = await store.AnswerAsync(question, call.Caller.User.Id, yes, Access.Targets.Of(server.Name, tool.Name), cancellationToken);
        if (!yes || !wasOpen)
        {
            return new(null, ToolCallFailure.NotApproved(server.Name, yes));
        }

        // The server knows nothing of the platform's question.
        var parameters = call.Parameters.DeepClone().AsObject();
        parameters.Remove("requestState");
        parameters.Remove("inputResponses");
        return new(call with { Parameters = parameters, IsApproved = true }, Approval: question);
    }

    private static bool IsYes(JsonObject answer) =>
        answer["action"] is JsonValue action && action.TryGetValue(out string? word) && word == "accept"
        && (answer["content"] as JsonObject)?[Field] is JsonValue value && value.TryGetValue(out bool yes) && yes;

    private static JsonObject Form(string server, string tool, JsonObject arguments)
    {
        var shown = arguments.ToJsonString();
        return new()
        {
            ["mode"] = "form",
            ["message"] = $"The tool '{tool}' of '{server}' is to be called with {(shown.Length <= MaxShown ? shown : shown[..MaxShown] + "…")}",
            ["requestedSchema"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { [Field] = new JsonObject { ["type"] = "boolean", ["title"] = "Approve this call", ["description"] = "For this call with these arguments, once." } },
                ["required"] = new JsonArray(Field),
            },
        };
    }
}
