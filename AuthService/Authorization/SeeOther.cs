namespace McpPlatform.AuthService.Authorization;

/// <summary>After a form or a callback comes a GET (RFC 9110 section 15.4.4), and no cache keeps who went where.</summary>
internal sealed class SeeOther(string address) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = address;
        httpContext.Response.Headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }
}
