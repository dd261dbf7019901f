using McpPlatform.ServiceDefaults.Problems;
using Microsoft.Extensions.Primitives;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// Reads a form before anybody else does: one with too many fields makes every reader throw, and no database takes a NUL in a client's id or a code. What
/// is wrong in itself is answered here, once for all OAuth endpoints.
/// </summary>
internal static class CheckedForms
{
    public static void UseCheckedForms(this WebApplication app) => app.Use(async (context, next) =>
    {
        var fault = HasNul(context.Request.Query) ? "The address contains a NUL character, which no parameter may have." : await FaultAsync(context.Request);
        await (fault is null ? next(context) : ProblemExtensions.Problem(StatusCodes.Status400BadRequest, fault).ExecuteAsync(context));
    });

    private static async Task<string?> FaultAsync(HttpRequest request)
    {
        if (!request.HasFormContentType)
        {
            return null;
        }

        try
        {
            return HasNul(await request.ReadFormAsync(request.HttpContext.RequestAborted)) ? "The form contains a NUL character, which no field may have." : null;
        }
        catch (InvalidDataException)
        {
            return "The form cannot be read: it must have at most 1024 fields, and end as its content type says.";
        }
    }

    private static bool HasNul(IEnumerable<KeyValuePair<string, StringValues>> fields) =>
        fields.Any(field => field.Key.Contains('\0', StringComparison.Ordinal) || field.Value.Any(value => value?.Contains('\0', StringComparison.Ordinal) == true));
}
