using System.Text.Json;
using System.Text.RegularExpressions;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
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
            StackExchange.Redis.RedisException or TimeoutException or AccessPolicyMissingException => (StatusCodes.Status503ServiceUnavailable, null),
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
            ProblemDetails = Parameter(exception) ?? Field(exception, detail) ?? new ProblemDetails { Status = status, Detail = detail },
        });
    }

    // A parameter of the address that is no number, no UUID, no time: the framework's sentence names the .NET type and not the field.
    private static HttpValidationProblemDetails? Parameter(Exception exception)
    {
        if (exception is not BadHttpRequestException || UnboundParameter().Match(exception.Message) is not { Success: true } match)
        {
            return null;
        }

        var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(match.Groups["name"].Value);
        var form = match.Groups["type"].Value switch
        {
            "Guid" => "a UUID",
            "int" or "long" => "a whole number",
            "bool" => "true or false",
            "DateTimeOffset" => "a time such as 2026-11-23T10:00:00Z (RFC 3339)",
            _ => "of another form",
        };
        return new(new Dictionary<string, string[]>(StringComparer.Ordinal) { [name] = [$"{name} must be {form}."] }) { Status = StatusCodes.Status400BadRequest };
    }

    private static HttpValidationProblemDetails? Field(Exception exception, string? detail) =>
        exception is BadHttpRequestException { InnerException: JsonException { InnerException: not JsonException, Path: { } path } } && path.StartsWith("$.", StringComparison.Ordinal)
            ? new(new Dictionary<string, string[]>(StringComparer.Ordinal) { [path[2..]] = [detail!] }) { Status = StatusCodes.Status400BadRequest }
            : null;

    [GeneratedRegex("^Failed to bind parameter \"(Nullable<)?(?<type>\\w+)>? (?<name>\\w+)\" from ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UnboundParameter();

    private static string Sentence(BadHttpRequestException exception) => exception.InnerException switch
    {
        // The reader's own exception stands inside where the text is no JSON at all.
        JsonException { InnerException: JsonException reader } => $"The request's body is not valid JSON: {WithoutPosition(reader.Message)}",
        JsonException { Path: { Length: > 0 } path } json => $"The request's body is wrong at {path}: {Words(json.Message)}",
        JsonException json => $"The request's body is wrong: {Words(json.Message)}",
        _ => exception.Message,
    };

    // The serializer's sentences name .NET types, which mean nothing to a caller.
    private static string Words(string message)
    {
        if (Before(message, " could not be mapped to any .NET member") is { } unknown)
        {
            return unknown.Replace("The JSON property", "the property", StringComparison.Ordinal) + " is not known here.";
        }

        if (Before(message, " encountered during deserialization") is { } duplicate)
        {
            return duplicate + ".";
        }

        if (message.Contains("allow setting null values", StringComparison.Ordinal))
        {
            return "the value must not be null.";
        }

        if (Before(message, StorableStringConverter.Sentence) is not null)
        {
            return StorableStringConverter.Sentence;
        }

        return message.StartsWith("JSON deserialization for type", StringComparison.Ordinal) && message.Split("including: ") is [_, var missing]
            ? $"required properties are missing: {WithoutPosition(missing)}"
            : "the value has the wrong type.";
    }

    private static string WithoutPosition(string message) => Before(message, " Path: ") ?? Before(message, " LineNumber: ") ?? message;

    private static string? Before(string text, string marker) =>
        text.IndexOf(marker, StringComparison.Ordinal) is var index and >= 0 ? text[..index] : null;

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailed(string method, string path, Exception exception);
}
