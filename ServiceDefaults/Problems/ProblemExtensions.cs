using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace McpPlatform.ServiceDefaults.Problems;

/// <summary>Errors as RFC 9457 problem details.</summary>
public static partial class ProblemExtensions
{
    /// <summary>Every error has <c>title</c>, <c>status</c>, <c>detail</c> and <c>trace_id</c>; never a stack trace, in no environment.</summary>
    /// <param name="builder">The service.</param>
    public static void AddPlatformProblems(this WebApplicationBuilder builder)
    {
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Extensions.Remove("traceId");
            context.ProblemDetails.Extensions["trace_id"] = Activity.Current?.TraceId.ToHexString() ?? context.HttpContext.TraceIdentifier;
            if (context.ProblemDetails is HttpValidationProblemDetails invalid)
            {
                NameFieldsAsInJson(invalid);
            }

            context.ProblemDetails.Detail ??= DefaultDetail(context.ProblemDetails.Status);
        });
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IProblemDetailsWriter, UnconditionalProblemWriter>());
        builder.Services.AddExceptionHandler<ExceptionProblem>();
    }

    /// <summary>An expected refusal, for handlers to return.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="detail">One sentence: what is wrong and what is allowed.</param>
    /// <returns>A result that writes <c>application/problem+json</c>.</returns>
    public static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);

    /// <summary>Input that is wrong in one field.</summary>
    /// <param name="field">The field, in snake_case.</param>
    /// <param name="sentence">What is wrong and what is allowed.</param>
    /// <returns>A 400 whose <c>errors</c> names the field.</returns>
    public static ValidationProblem Invalid(string field, string sentence) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [sentence] }, detail: sentence);

    // The framework's validation names .NET properties (Servers[0].BaseUrl), which a caller has never seen.
    private static void NameFieldsAsInJson(HttpValidationProblemDetails problem)
    {
        problem.Errors = problem.Errors.ToDictionary(
            error => PropertyName().Replace(error.Key, name => JsonNamingPolicy.SnakeCaseLower.ConvertName(name.Value)), error => error.Value, StringComparer.Ordinal);
        problem.Detail ??= problem.Errors.Values.SelectMany(sentences => sentences).FirstOrDefault();
    }

    [GeneratedRegex("[A-Za-z]+[0-9]*", RegexOptions.None, 1000)]
    private static partial Regex PropertyName();

    private static string? DefaultDetail(int? status) => status switch
    {
        StatusCodes.Status401Unauthorized => "A valid access token is required: log in, and send it as 'Authorization: Bearer …'.",
        StatusCodes.Status403Forbidden => "Your permissions do not allow this.",
        StatusCodes.Status404NotFound => "There is nothing here, or nothing that you may see.",
        StatusCodes.Status405MethodNotAllowed => "This address does not know that HTTP method; the Allow header names those that it does.",
        StatusCodes.Status413PayloadTooLarge => "The request's body is too large.",
        StatusCodes.Status415UnsupportedMediaType => "Send the body as application/json.",
        StatusCodes.Status429TooManyRequests => "Too many requests: wait as long as the Retry-After header says.",
        StatusCodes.Status502BadGateway => "The service behind this address gave no usable answer.",
        StatusCodes.Status503ServiceUnavailable => "The service is not available at the moment: try again shortly.",
        StatusCodes.Status504GatewayTimeout => "The service behind this address did not answer in time.",
        _ => null,
    };
}
