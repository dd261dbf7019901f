using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Protocol;

/// <summary>
/// What is decided before the SDK sees a request of an MCP client: whether the endpoint is there for this caller, whether a session belongs to it, whether the revision is
/// known, and whether the body is JSON that means one thing (RFC 8259 section 4 leaves names that stand twice to the reader; two readers must not differ).
/// </summary>
internal sealed class McpEdge(RequestDelegate next, Registry registry, ClientSessions sessions, SessionHomes homes, IOptions<McpStreamOptions> options, TimeProvider time)
{
    private const int MaxBody = 4 * 1024 * 1024, MaxSessionId = 128, UnsupportedVersion = -32022;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    public async Task InvokeAsync(HttpContext context, RelayCallers callers, Denials denials)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<McpEndpointMarker>() is null)
        {
            await next(context);
            return;
        }

        var bundle = context.Request.RouteValues["bundle"] as string;
        if (bundle is not null && !await MayUseAsync(bundle, callers, denials, context.RequestAborted))
        {
            await ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no bundle of that name, or none that you may use.").ExecuteAsync(context);
            return;
        }

        if (context.Request.Headers["Mcp-Session-Id"].ToString() is { Length: > 0 } id)
        {
            var session = sessions.Find(id);
            if (session is null && id.Length <= MaxSessionId && await homes.TryForwardAsync(context, id))
            {
                return;
            }

            // A session is of one endpoint, as it is of one user. What nobody knows any more is said the same way, so that the client starts anew.
            if (session?.Bundle != bundle || session is null)
            {
                await FailAsync(context, StatusCodes.Status404NotFound, -32001, "Session not found", null);
                return;
            }

            await sessions.UsedAsync(id, session);
            if (HttpMethods.IsGet(context.Request.Method))
            {
                session.Listen();
            }
        }

        if (HttpMethods.IsPost(context.Request.Method) && !await CheckAsync(context))
        {
            return;
        }

        await using var alive = new KeepAlive(context, options.Value.KeepAlive, time);
        await using var body = new JsonErrors(context.Response);
        await next(context);
        await body.FinishAsync();
        await alive.FinishAsync();
    }

    private async Task<bool> MayUseAsync(string bundle, RelayCallers callers, Denials denials, CancellationToken cancellationToken)
    {
        if (registry.Current.Find(bundle) is null)
        {
            await registry.RefreshAsync(cancellationToken);
        }

        var caller = callers.Current();
        var decision = caller.Access().Decide(Permissions.McpToolsCall, AccessResource.Bundle(bundle));
        if (!decision.Allowed)
        {
            await denials.RecordAsync(caller, "mcp.bundles.use", "bundle", bundle, decision);
        }

        return decision.Allowed && registry.Current.Find(bundle) is not null;
    }

    private static async Task<bool> CheckAsync(HttpContext context)
    {
        JsonNode? id = null;
        try
        {
            context.Request.EnableBuffering(64 * 1024, MaxBody);
            using var document = await JsonDocument.ParseAsync(context.Request.Body, Strict, context.RequestAborted);
            id = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var found) && found.ValueKind is JsonValueKind.String or JsonValueKind.Number
                ? JsonNode.Parse(found.GetRawText()) : null;
            context.Request.Body.Position = 0;
        }
        catch (JsonException)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, RelayError.InvalidRequest, "The body must be one JSON-RPC message: valid JSON, no name twice in one object, at most 64 levels deep.", id);
            return false;
        }
        catch (IOException)
        {
            await FailAsync(context, StatusCodes.Status413PayloadTooLarge, RelayError.InvalidRequest, $"The body must be at most {MaxBody / 1024 / 1024} MiB.", id);
            return false;
        }

        var version = context.Request.Headers["MCP-Protocol-Version"].ToString();
        if (version.Length == 0 || version == ProtocolVersions.Modern || ProtocolVersions.WithSessions.Contains(version, StringComparer.Ordinal))
        {
            return true;
        }

        await FailAsync(
            context, StatusCodes.Status400BadRequest, UnsupportedVersion, "Unsupported protocol version", id,
            new JsonObject { ["supported"] = new JsonArray(ProtocolVersions.Modern), ["requested"] = version.Length <= 64 ? version : version[..64] });
        return false;
    }

    private static Task FailAsync(HttpContext context, int status, int code, string message, JsonNode? id, JsonObject? data = null)
    {
        var error = new JsonObject { ["code"] = code, ["message"] = message };
        if (data is not null)
        {
            error["data"] = data;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["error"] = error }.ToJsonString(), context.RequestAborted);
    }
}

/// <summary>On the endpoints that speak MCP.</summary>
internal sealed class McpEndpointMarker;
