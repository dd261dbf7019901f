using System.Buffers;
using McpPlatform.Gateway.Telemetry;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace McpPlatform.Gateway.Routing;

/// <summary>
/// Answers 413 before anything is forwarded. A body that does not tell its length is read to its end first: were it forwarded while it comes, the
/// service's answer to the broken-off request (or its reset connection: 502) would race with ours. Requests only; answers are never held back.
/// </summary>
internal sealed class BodyLimits(RequestDelegate next, GatewayTelemetry telemetry)
{
    private const long DefaultLimit = 1024 * 1024;
    private const int InMemory = 64 * 1024;

    // So much of what is refused is still taken in: a connection that is closed while the client writes loses the answer.
    private const long Tolerated = 16 * DefaultLimit;

    public async Task InvokeAsync(HttpContext context)
    {
        var limit = context.GetRouteModel().Config.MaxRequestBodySize ?? DefaultLimit;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = Tolerated;
        }

        if (context.Request.ContentLength > limit || (LengthUnknown(context) && !await ReadAsync(context, limit)))
        {
            telemetry.CountRefused("body_too_large");
            await ProblemExtensions.Problem(StatusCodes.Status413PayloadTooLarge, $"The request's body is too large: at most {limit} bytes are allowed here.")
                .ExecuteAsync(context);
            return;
        }

        await next(context);
    }

    private static bool LengthUnknown(HttpContext context) =>
        context.Request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;

    private static async Task<bool> ReadAsync(HttpContext context, long limit)
    {
        var request = context.Request;
        var body = new FileBufferingReadStream(request.Body, InMemory);
        context.Response.RegisterForDisposeAsync(body);
        try
        {
            await body.DrainAsync(ArrayPool<byte>.Shared, limit, context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            return false;
        }

        body.Position = 0;
        request.Body = body;
        request.Headers.TransferEncoding = default;
        request.ContentLength = body.Length;
        return true;
    }
}
