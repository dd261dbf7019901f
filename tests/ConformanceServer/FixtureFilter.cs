using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.ConformanceServer;

/// <summary>Answers as raw JSON, so that nothing the suite wants to see is lost in a typed model.</summary>
internal sealed class FixtureFilter(McpMessageHandler next, string era)
{
    public static McpMessageHandler Describe(McpMessageHandler next) => (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse { Result: JsonObject result } && result.ContainsKey("protocolVersion") && result.ContainsKey("capabilities"))
        {
            result["capabilities"] = Capabilities(isModern: false);
        }

        return next(context, cancellationToken);
    };

    public async Task HandleAsync(MessageContext context, CancellationToken cancellationToken)
    {
        if (context.JsonRpcMessage is not JsonRpcRequest request || request.Method is RequestMethods.Initialize or RequestMethods.Ping)
        {
            if (context.JsonRpcMessage is JsonRpcRequest { Params: JsonObject parameters, Method: RequestMethods.Initialize } && context.Server.SessionId is { } id)
            {
                context.Server.Services!.GetRequiredService<Watchers>().Capabilities[id] = parameters["capabilities"]?.DeepClone().AsObject() ?? [];
            }

            await next(context, cancellationToken);
            return;
        }

        JsonRpcMessage answer;
        try
        {
            answer = new JsonRpcResponse { Id = request.Id, Result = await AnswerAsync(new FixtureCall(context, request, cancellationToken)) };
        }
        catch (FixtureException exception)
        {
            answer = new JsonRpcError { Id = request.Id, Error = new() { Code = exception.Code, Message = exception.Message, Data = exception.ErrorData } };
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await context.Server.SendMessageAsync(answer, cancellationToken);
    }

    private static JsonObject Capabilities(bool isModern)
    {
        var capabilities = new JsonObject
        {
            ["tools"] = new JsonObject { ["listChanged"] = true },
            ["prompts"] = new JsonObject { ["listChanged"] = true },
            ["resources"] = new JsonObject { ["listChanged"] = true, ["subscribe"] = true },
            ["completions"] = new JsonObject(),
            ["logging"] = new JsonObject(),
        };
        if (isModern)
        {
            capabilities["extensions"] = new JsonObject { [FixtureTasks.Extension] = new JsonObject() };
        }

        return capabilities;
    }

    private async Task<JsonObject> AnswerAsync(FixtureCall call)
    {
        var result = call.Method switch
        {
            "server/discover" when call.IsModern && era != "legacy" => new JsonObject { ["supportedVersions"] = new JsonArray("2026-07-28"), ["capabilities"] = Capabilities(isModern: true) },
            "tools/list" => new JsonObject { ["tools"] = FixtureTools.List() },
            "tools/call" => await FixtureTools.CallAsync(call),
            "prompts/list" => new JsonObject { ["prompts"] = FixturePrompts.List() },
            "prompts/get" => FixturePrompts.Get(call),
            "resources/list" => new JsonObject { ["resources"] = FixtureResources.List() },
            "resources/templates/list" => new JsonObject { ["resourceTemplates"] = FixtureResources.Templates() },
            "resources/read" => FixtureResources.Read(call),
            "completion/complete" => new JsonObject { ["completion"] = new JsonObject { ["values"] = new JsonArray("paris", "park", "party"), ["total"] = 3, ["hasMore"] = false } },
            "subscriptions/listen" when call.IsModern => await call.Watchers.ListenAsync(call),
            // Before the task is looked for: the header says what the body says, or nothing is done.
            "tasks/get" or "tasks/update" or "tasks/cancel" when call.IsModern && call.HasOtherName => throw new FixtureException(-32020, "The header Mcp-Name does not say what taskId says."),
            "tasks/get" when call.IsModern => call.Tasks.Get(call),
            "tasks/update" when call.IsModern => call.Tasks.Update(call),
            "tasks/cancel" when call.IsModern => call.Tasks.Cancel(call),
            "logging/setLevel" or "resources/subscribe" or "resources/unsubscribe" when !call.IsModern => call.Keep(),
            _ => throw new FixtureException(-32601, $"Method not found: {call.Method}"),
        };
        if (call.IsModern)
        {
            result["resultType"] ??= "complete";
            if (call.Method is "resources/read" or "server/discover" || call.Method.EndsWith("/list", StringComparison.Ordinal))
            {
                result["ttlMs"] ??= 1000;
                result["cacheScope"] ??= "public";
            }
        }

        return result;
    }
}

/// <summary>A JSON-RPC error.</summary>
internal sealed class FixtureException(int code, string message, JsonNode? data = null) : Exception(message)
{
    public int Code => code;

    public JsonNode? ErrorData => data;
}
