using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authorization;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.Protocol;

/// <summary>
/// Stands where the SDK takes messages in and sends them out. Requests are answered here, as JSON; the SDK keeps the transport, its sessions, and the
/// handshake, whose answer is given the capabilities that this caller has here.
/// </summary>
internal sealed partial class RelayFilter(
    RelayDispatcher dispatcher, DiscoverComposer discover, SessionSubscriptions subscriptions, ClientSessions sessions, RelayCallers callers, Registry registry, UpstreamSessions upstream,
    IHttpContextAccessor accessor, ILogger<RelayFilter> logger)
{
    private const string Composed = "mcpplatform.composed";

    public McpMessageHandler Incoming(McpMessageHandler next) => (context, cancellationToken) => context.JsonRpcMessage switch
    {
        JsonRpcRequest { Method: RequestMethods.Initialize } request => InitializeAsync(context, request, next, cancellationToken),
        JsonRpcRequest { Method: RequestMethods.Ping } => next(context, cancellationToken),
        JsonRpcRequest request => AnswerAsync(context, request, cancellationToken),
        JsonRpcNotification notification => NotifyAsync(context, notification, next, cancellationToken),
        _ => next(context, cancellationToken),
    };

    public static McpMessageHandler Outgoing(McpMessageHandler next) => (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse { Result: JsonObject result } response && response.Context?.Items?.TryGetValue(Composed, out var value) == true
            && value is (JsonObject capabilities, var instructions))
        {
            result["capabilities"] = capabilities.DeepClone();
            if (instructions is string text)
            {
                result["instructions"] = text;
            }
        }

        return next(context, cancellationToken);
    };

    private async Task InitializeAsync(MessageContext context, JsonRpcRequest request, McpMessageHandler next, CancellationToken cancellationToken)
    {
        if (sessions.Find(context.Server.SessionId) is { } session)
        {
            session.Capabilities = ((request.Params as JsonObject)?["capabilities"] as JsonObject)?.DeepClone().AsObject() ?? [];
        }

        if (ToCall(context, request) is { } call)
        {
            var (capabilities, instructions) = await discover.ComposeAsync(call, cancellationToken);
            context.Items[Composed] = (capabilities, (object?)instructions);
        }

        await next(context, cancellationToken);
    }

    private async Task NotifyAsync(MessageContext context, JsonRpcNotification notification, McpMessageHandler next, CancellationToken cancellationToken)
    {
        if (notification.Method == "notifications/roots/list_changed" && context.Server.SessionId is { } session)
        {
            await upstream.NotifyAsync(session, notification.Method, notification.Params as JsonObject, cancellationToken);
            return;
        }

        await next(context, cancellationToken);
    }

    private async Task AnswerAsync(MessageContext context, JsonRpcRequest request, CancellationToken cancellationToken)
    {
        RelayAnswer answer;
        try
        {
            answer = await AnswerAsync(context, request, ToCall(context, request), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody waits for an answer.
            return;
        }
        catch (AccessPolicyMissingException)
        {
            answer = RelayAnswer.Fail(RelayError.InternalError, "The access policy is not known here yet: try again in a moment.");
        }
        catch (UpstreamErrorException exception)
        {
            answer = RelayAnswer.Fail(exception.Code, exception.Message, exception.ErrorData?.DeepClone());
        }
        catch (Exception exception)
        {
            LogFailed(request.Method.Length <= 64 ? request.Method : request.Method[..64], exception);
            answer = RelayAnswer.Fail(RelayError.InternalError, "Something went wrong on our side.");
        }

        JsonRpcMessage reply = answer.Error is { } error
            ? new JsonRpcError { Id = request.Id, Error = new() { Code = error.Code, Message = error.Message, Data = error.Data } }
            : new JsonRpcResponse { Id = request.Id, Result = answer.Result };
        accessor.HttpContext?.Features.Get<KeepAlive>()?.Answers();
        await context.Server.SendMessageAsync(reply, cancellationToken);
    }

    private async Task<RelayAnswer> AnswerAsync(MessageContext context, JsonRpcRequest request, RelayCall? call, CancellationToken cancellationToken)
    {
        if (call is null)
        {
            return RelayAnswer.Fail(RelayError.InvalidRequest, "There is no such MCP endpoint any more.");
        }

        if (sessions.Find(context.Server.SessionId) is not { } session)
        {
            return await dispatcher.AnswerAsync(call, cancellationToken);
        }

        switch (request.Method)
        {
            case "logging/setLevel":
                if (call.Parameters["level"] is not JsonValue value || !value.TryGetValue(out string? level) || !LogLevels.IsValid(level))
                {
                    return RelayAnswer.Fail(RelayError.InvalidParams, "The level must be debug, info, notice, warning, error, critical, alert or emergency.");
                }

                session.LogLevel = level;
                return new([]);
            case RequestMethods.ResourcesSubscribe:
                return await subscriptions.SubscribeAsync(session, call, cancellationToken);
            case RequestMethods.ResourcesUnsubscribe:
                return await subscriptions.UnsubscribeAsync(session, call, cancellationToken);
            default:
                return await dispatcher.AnswerAsync(call, cancellationToken);
        }
    }

    private RelayCall? ToCall(MessageContext context, JsonRpcRequest request)
    {
        var http = accessor.HttpContext ?? throw new InvalidOperationException("MCP requests come over HTTP.");
        var bundle = http.Request.RouteValues["bundle"] as string;
        if (registry.Current.Find(bundle) is not { } scope)
        {
            return null;
        }

        var parameters = request.Params as JsonObject ?? [];
        var session = sessions.Find(context.Server.SessionId);
        var isModern = context.Server.SessionId is null;
        var meta = parameters["_meta"] as JsonObject;
        return new()
        {
            Method = request.Method,
            Parameters = parameters,
            RequestId = request.Id.ToString() is { } text && request.Id.Id is long number ? JsonValue.Create(number) : JsonValue.Create(request.Id.ToString()),
            Scope = scope,
            Caller = callers.Current(scope.Bundle),
            Client = new(
                isModern ? ProtocolVersions.Modern : ProtocolVersions.NewestWithSessions,
                isModern,
                isModern ? meta?[MetaKeys.ClientCapabilities] as JsonObject ?? [] : session?.Capabilities ?? [],
                context.Server.SessionId),
            LogLevel = isModern ? meta?[ModernMeta.LogLevel] is JsonValue level && level.TryGetValue(out string? name) ? name : null : session?.LogLevel,
            Header = isModern ? name => http.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null : null,
            Leg = new PostLeg(context.Server, canAsk: !isModern),
        };
    }

    [LoggerMessage(1050, LogLevel.Error, "{Method} of an MCP client could not be answered")]
    private partial void LogFailed(string method, Exception exception);
}
