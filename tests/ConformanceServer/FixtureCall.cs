using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.ConformanceServer;

/// <summary>One request. What differs between the eras stands here, and nowhere in the tools.</summary>
internal sealed class FixtureCall(MessageContext context, JsonRpcRequest request, CancellationToken cancellationToken)
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public string Method => request.Method;

    public RequestId Id => request.Id;

    public JsonObject Parameters { get; } = request.Params as JsonObject ?? [];

    public JsonObject Arguments => Parameters["arguments"] as JsonObject ?? [];

    public bool IsModern => context.Server.SessionId is null;

    public CancellationToken CancellationToken => cancellationToken;

    public Watchers Watchers { get; } = context.Server.Services!.GetRequiredService<Watchers>();

    public FixtureTasks Tasks { get; } = context.Server.Services!.GetRequiredService<FixtureTasks>();

    /// <summary>What the client said it can be asked.</summary>
    public JsonObject Capabilities => IsModern
        ? Parameters["_meta"]?["io.modelcontextprotocol/clientCapabilities"] as JsonObject ?? []
        : Watchers.Capabilities.GetValueOrDefault(context.Server.SessionId!) ?? [];

    public JsonObject? Responses => Parameters["inputResponses"] as JsonObject;

    public string? State => Parameters["requestState"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Whether the header names another task than the body.</summary>
    public bool HasOtherName => context.Server.Services!.GetRequiredService<IHttpContextAccessor>().HttpContext?.Request.Headers["Mcp-Name"].ToString() is { Length: > 0 } name
        && name != (string?)Parameters["taskId"];

    public string Text(string argument) => (string?)Arguments[argument] ?? string.Empty;

    public Task NotifyAsync(string method, JsonObject? parameters) =>
        context.Server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);

    public async Task LogAsync(string text)
    {
        if (!IsModern || Parameters["_meta"]?["io.modelcontextprotocol/logLevel"] is not null)
        {
            await NotifyAsync("notifications/message", new JsonObject { ["level"] = "info", ["data"] = text });
        }
    }

    public Task ProgressAsync(int progress) => Parameters["_meta"]?["progressToken"] is { } token
        ? NotifyAsync("notifications/progress", new JsonObject { ["progressToken"] = token.DeepClone(), ["progress"] = progress, ["total"] = 100 })
        : Task.CompletedTask;

    /// <summary>Asks the client: ends the round where the era has rounds, else sends the requests and waits.</summary>
    /// <returns>The answers; null with the result that ends the round.</returns>
    public async Task<(JsonObject? Answers, JsonObject? Ended)> AskAsync(JsonObject questions, string? state = null)
    {
        if (questions.FirstOrDefault(question => !Capabilities.ContainsKey(CapabilityOf((string)question.Value!["method"]!))) is { Key: { } } undeclared)
        {
            throw Missing(CapabilityOf((string)undeclared.Value!["method"]!));
        }

        if (!IsModern)
        {
            var answers = questions.Select(async question => KeyValuePair.Create(question.Key, (await context.Server.SendRequestAsync(
                new JsonRpcRequest { Method = (string)question.Value!["method"]!, Params = question.Value["params"]?.DeepClone() }, cancellationToken)).Result?.DeepClone()));
            return (new JsonObject(await Task.WhenAll(answers)), null);
        }

        if (Responses is { } given && questions.All(question => given[question.Key] is JsonObject answer && IsShaped((string)question.Value!["method"]!, answer)))
        {
            return (given, null);
        }

        var ended = new JsonObject { ["resultType"] = "input_required", ["inputRequests"] = questions };
        if (state is not null)
        {
            ended["requestState"] = Seal(state);
        }

        return (null, ended);
    }

    public static FixtureException Missing(string capability) =>
        new(-32021, $"This request needs the client capability '{capability}'.", new JsonObject { ["requiredCapabilities"] = new JsonObject { [capability] = new JsonObject() } });

    public static string Seal(string state) => $"{state}.{Convert.ToHexStringLower(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(state)))}";

    /// <summary>The state that came back; null when none did.</summary>
    public string? OpenState()
    {
        if (State is not { } text)
        {
            return null;
        }

        var state = text.Split('.')[0];
        return Seal(state) == text ? state : throw new FixtureException(-32602, "The requestState was changed.");
    }

    public JsonObject Keep() => [];

    private static string CapabilityOf(string method) => method switch
    {
        "elicitation/create" => "elicitation", "sampling/createMessage" => "sampling", _ => "roots",
    };

    private static bool IsShaped(string method, JsonObject answer) => method switch
    {
        "elicitation/create" => answer["action"] is JsonValue, "sampling/createMessage" => answer["content"] is not null, _ => answer["roots"] is JsonArray,
    };
}
