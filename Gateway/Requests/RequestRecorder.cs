using System.Diagnostics;
using System.Security.Claims;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.Gateway.Edge;
using McpPlatform.Gateway.Routing;
using McpPlatform.Gateway.Telemetry;
using McpPlatform.ServiceDefaults;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace McpPlatform.Gateway.Requests;

/// <summary>
/// Records one <see cref="RequestCompleted"/> per request, of a stream when it ends. It puts the event down in memory and never waits: neither the broker
/// nor analytics is on the path of a request. Health checks and scrapes are not recorded; they would be most of the rows.
/// </summary>
internal sealed class RequestRecorder(RequestDelegate next, TelemetryEvents<RequestCompleted> events, ServiceIdentity identity, TimeProvider time)
{
    private const int LongestUserAgent = 512, LongestPath = 2048;

    public Task InvokeAsync(HttpContext context) => context.Request.Path.Value is "/health" or "/alive" or "/metrics" ? next(context) : RecordAsync(context);

    private async Task RecordAsync(HttpContext context)
    {
        var (occurredAt, started) = (time.GetUtcNow(), time.GetTimestamp());
        var path = context.Request.Path.Value ?? "/";
        var body = new CountingResponseBody(context.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
        context.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await next(context);
        }
        finally
        {
            var (status, error) = Outcome(context);
            var (route, service) = RouteOf(context);
            events.Record(new RequestCompleted
            {
                EventId = Guid.CreateVersion7(occurredAt),
                OccurredAt = occurredAt,
                Method = Cut(context.Request.Method, 16),
                Route = route,
                Service = service,
                Path = Cut(path, LongestPath),
                Status = status,
                DurationMs = time.GetElapsedTime(started).TotalMilliseconds,
                RequestBytes = RequestBytes(context),
                ResponseBytes = body.Count,
                ClientIp = context.Connection.RemoteIpAddress?.ToString(),
                UserAgent = context.Request.Headers.UserAgent is { Count: > 0 } agent ? Cut(agent.ToString(), LongestUserAgent) : null,
                UserId = Guid.TryParse(context.User.FindFirstValue(PlatformClaims.Subject), out var user) ? user : null,
                Username = context.User.FindFirstValue(PlatformClaims.Username),
                Error = error,
                TraceId = Activity.Current?.TraceId.ToHexString(),
            });
        }
    }

    private static (int Status, string? Error) Outcome(HttpContext context)
    {
        var forwarding = context.Features.Get<IForwarderErrorFeature>()?.Error ?? ForwarderError.None;

        // YARP breaks off the client's connection when a service broke off its answer: that looks like the client's doing, and is not.
        if (context.RequestAborted.IsCancellationRequested && forwarding != ForwarderError.ResponseBodyDestination)
        {
            return (StatusCodes.Status499ClientClosedRequest, context.Items.ContainsKey(RunningRequests.EndedItem) ? "token_revoked" : "client_closed_request");
        }

        var error = forwarding != ForwarderError.None
            ? GatewayTelemetry.NameOf(forwarding)
            : context.Features.Get<IExceptionHandlerFeature>()?.Error.GetType().Name;
        return (context.Response.StatusCode, error);
    }

    // The exception handler takes the endpoint away before it answers.
    private (string? Route, string Service) RouteOf(HttpContext context)
    {
        var metadata = (context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint)?.Metadata;
        return metadata?.GetMetadata<RouteModel>()?.Config is { } route
            ? (route.RouteId, route.ServiceName() ?? identity.Name)
            : (metadata?.GetMetadata<IEndpointNameMetadata>()?.EndpointName, identity.Name);
    }

    private static long? RequestBytes(HttpContext context) =>
        context.Request.ContentLength ?? (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == false ? 0 : null);

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];
}
