using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>Answers carry an <c>ETag</c>; who has that one already (<c>If-None-Match</c>) gets 304 without it (RFC 9110, section 13.1.2).</summary>
internal static class EntityTags
{
    private const int HashBytes = 16;

    public static async ValueTask<object?> AddAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        if ((result is INestedHttpResult nested ? nested.Result : result) is not (IValueHttpResult { Value: { } value } and IStatusCodeHttpResult { StatusCode: StatusCodes.Status200OK }))
        {
            return result;
        }

        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var body = JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), options);
        var tag = Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, HashBytes));

        // A proxy may keep it for this caller alone, and asks each time.
        context.HttpContext.Response.Headers.CacheControl = "private, no-cache";
        return Results.Bytes(body, "application/json; charset=utf-8", entityTag: new EntityTagHeaderValue($"\"{tag}\""));
    }
}
