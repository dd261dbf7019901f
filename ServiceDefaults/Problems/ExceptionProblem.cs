using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Problems;

/// <summary>
/// The last resort. Expected outcomes are returned by the handlers, so an exception is a broken request, an outage or a bug:
/// 400 with a sentence, 503, or 500 with nothing but the trace id.
/// </summary>
internal sealed partial class ExceptionProblem(IProblemDetailsService problems, ILogger<ExceptionProblem> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var (status, detail) = exception switch
        {
            BadHttpRequestException bad => (bad.StatusCode, Sentence(bad)),
            NpgsqlException { IsTransient: true } => (StatusCodes.Status503ServiceUnavailable, null),
            StackExchange.Redis.RedisException or TimeoutException => (StatusCodes.Status503ServiceUnavailable, null),
            _ => (StatusCodes.Status500InternalServerError, "Something went wrong on our side; the trace id leads to what."),
        };
        if (status >= StatusCodes.Status500InternalServerError)
        {
            LogFailed(httpContext.Request.Method, httpContext.Request.Path, exception);
        }

        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            httpContext.Response.Headers.RetryAfter = "2";
        }

        httpContext.Response.StatusCode = status;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = status, Detail = detail },
        });
    }

    private static string Sentence(BadHttpRequestException exception) => exception switch
    {
        { InnerException: JsonException { Path: { Length: > 0 } path } json } =>
            $"The request's body is wrong at {path}: {FirstSentence(json.Message)}",
        { InnerException: JsonException json } => $"The request's body is not valid JSON: {FirstSentence(json.Message)}",
        _ => exception.Message,
    };

    // What follows names .NET types and byte positions, which mean nothing to a caller.
    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" Path: ", StringComparison.Ordinal);
        var text = end < 0 ? message : message[..end];
        var type = text.IndexOf(" could not be mapped to any .NET member", StringComparison.Ordinal);
        if (type >= 0)
        {
            return text[..type].Replace("The JSON property", "the property", StringComparison.Ordinal) + " is not known here.";
        }

        return text.StartsWith("The JSON value could not be converted to", StringComparison.Ordinal) ? "the value has the wrong type." : text;
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailed(string method, string path, Exception exception);
}
