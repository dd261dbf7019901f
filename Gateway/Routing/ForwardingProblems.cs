using McpPlatform.Gateway.Telemetry;
using McpPlatform.ServiceDefaults.Problems;
using Yarp.ReverseProxy.Forwarder;

namespace McpPlatform.Gateway.Routing;

/// <summary>Says in a sentence which service did not answer, where YARP would leave an empty 502, 503 or 504.</summary>
internal sealed class ForwardingProblems(RequestDelegate next, GatewayTelemetry telemetry)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.GetForwarderErrorFeature() is not { } failure)
        {
            return;
        }

        var service = context.GetRouteModel().Config.ServiceName() ?? "The service";
        telemetry.CountForwardingFailure(service, failure.Error);
        if (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested && Describe(service, failure) is var (status, sentence))
        {
            context.Response.Headers.RetryAfter = "2";
            await ProblemExtensions.Problem(status, sentence).ExecuteAsync(context);
        }
    }

    // A client's own fault (a body broken off, too slow or too large) keeps the status that it has.
    private static (int Status, string Sentence)? Describe(string service, IForwarderErrorFeature failure) => failure switch
    {
        { Error: ForwarderError.NoAvailableDestinations } or { Exception: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } } =>
            (StatusCodes.Status503ServiceUnavailable, $"{service} cannot be reached at the moment: try again shortly."),
        { Error: ForwarderError.RequestTimedOut } =>
            (StatusCodes.Status504GatewayTimeout, $"{service} did not answer in time."),
        { Error: ForwarderError.RequestBodyClient or ForwarderError.RequestBodyCanceled } => null,
        _ => (StatusCodes.Status502BadGateway, $"{service} broke off without a usable answer."),
    };
}
