using McpPlatform.ServiceDefaults.Problems;

namespace McpPlatform.Gateway.Routing;

/// <summary>Answers 405 to CONNECT, which asks for a tunnel, and to TRACE, which shows the headers that are added on the way (RFC 9110 sections 9.3.6 and 9.3.8).</summary>
internal sealed class ForwardedMethods(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsConnect(context.Request.Method) && !HttpMethods.IsTrace(context.Request.Method))
        {
            return next(context);
        }

        context.Response.Headers.Allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        return ProblemExtensions.Problem(StatusCodes.Status405MethodNotAllowed, $"{context.Request.Method} is not allowed here.").ExecuteAsync(context);
    }
}
