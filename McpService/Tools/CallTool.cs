using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Relay;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Tools;

/// <summary>A call of a tool.</summary>
/// <param name="Arguments">What the tool's input schema asks for.</param>
/// <param name="TimeoutMs">When to give up and cancel, in milliseconds, 1 to 60000.</param>
public sealed record CallToolRequest(
    JsonObject? Arguments = null,
    [Range(1, CallToolRequest.MaxTimeoutMs, ErrorMessage = "The timeout_ms must be 1 to 60000.")] int TimeoutMs = CallToolRequest.DefaultTimeoutMs)
{
    /// <summary>The longest and the usual time that a call may take, in milliseconds.</summary>
    public const int MaxTimeoutMs = 60_000, DefaultTimeoutMs = 30_000;
}

internal static class CallTool
{
    /// <summary>
    /// The server's result with all its members, and <c>elapsed_ms</c>. A tool that failed (<c>isError</c>) is a result; a refusal of the server is a problem
    /// that carries its code and message as <c>upstream_error</c>.
    /// </summary>
    public static async Task<Results<Ok<JsonObject>, ProblemHttpResult>> HandleAsync(
        string id, string tool, CallToolRequest request, ToolCalls calls, RelayCallers callers, HttpResponse response, CancellationToken cancellationToken)
    {
        // Routing leaves an encoded slash as it is, and names may hold slashes.
        var name = tool.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var call = await calls.CallAsync(callers.Call(name, request.Arguments, TimeSpan.FromMilliseconds(request.TimeoutMs)), id, name, cancellationToken);
        if (call.Failure is { } failure)
        {
            if (failure.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            {
                response.Headers.RetryAfter = "1";
            }

            return failure.ToProblem();
        }

        call.Result!["elapsed_ms"] = Math.Round(call.Elapsed.TotalMilliseconds, 3);
        return TypedResults.Ok(call.Result);
    }
}
