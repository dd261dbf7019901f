using McpPlatform.ServiceDefaults.Problems;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>No stored text holds a NUL, and PostgreSQL takes none as a parameter: refused with a sentence instead of a failed query.</summary>
internal static class PlainQuery
{
    public static ValueTask<object?> CheckAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var wrong = context.HttpContext.Request.Query.FirstOrDefault(parameter => parameter.Value.Any(value => value?.Contains('\0', StringComparison.Ordinal) == true));
        return wrong.Key is null
            ? next(context)
            : ValueTask.FromResult<object?>(ProblemExtensions.Invalid(wrong.Key, $"{wrong.Key} may not hold a NUL character."));
    }
}
