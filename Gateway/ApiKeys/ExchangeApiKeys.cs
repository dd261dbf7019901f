using System.Net.Http.Headers;
using McpPlatform.Contracts.Identity;
using McpPlatform.Gateway.RateLimits;
using McpPlatform.Gateway.Telemetry;
using McpPlatform.ServiceDefaults.Problems;

namespace McpPlatform.Gateway.ApiKeys;

/// <summary>
/// Puts the access token of an API key in its place, before anybody looks at the request: <c>Authorization: Bearer mcpp_…</c> or <c>X-API-Key: mcpp_…</c>. From here on
/// it is a request with a token like every other, and the key goes no further.
/// </summary>
internal sealed class ExchangeApiKeys(RequestDelegate next, ApiKeyTokens tokens, RateLimiting.ApiKeyLimit limit, GatewayTelemetry telemetry)
{
    public const string Header = "X-API-Key";
    private const string Bearer = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        var authorization = headers.Authorization.ToString();
        var key = headers[Header].ToString();
        headers.Remove(Header);
        if (key.Length > 0 && authorization.Length > 0)
        {
            await ProblemExtensions.Problem(StatusCodes.Status400BadRequest, $"Send one credential: either {Header} or Authorization.").ExecuteAsync(context);
            return;
        }

        if (key.Length == 0)
        {
            if (!authorization.StartsWith(Bearer + ApiKeyFormat.Prefix, StringComparison.OrdinalIgnoreCase))
            {
                await next(context);
                return;
            }

            key = authorization[Bearer.Length..].Trim();
        }

        headers.Remove("Authorization");
        if (!ApiKeyFormat.TryParse(key, out _))
        {
            await RefuseAsync(context);
            return;
        }

        if (!tokens.IsAtHand(key) && await limit.CountAsync(context) is { } wait)
        {
            telemetry.CountRefused("rate_limit");
            context.Response.Headers.RetryAfter = wait;
            await ProblemExtensions.Problem(StatusCodes.Status429TooManyRequests, "Too many API keys from this address: wait as long as the Retry-After header says.").ExecuteAsync(context);
            return;
        }

        var token = await tokens.GetAsync(key, context.RequestAborted);
        if (!token.IsKnown)
        {
            context.Response.Headers.RetryAfter = "2";
            await ProblemExtensions.Problem(StatusCodes.Status503ServiceUnavailable, "The API key cannot be checked at the moment: try again shortly.").ExecuteAsync(context);
        }
        else if (token.Value is null)
        {
            await RefuseAsync(context);
        }
        else
        {
            headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value).ToString();
            await next(context);
            if (context.Response.StatusCode == StatusCodes.Status401Unauthorized)
            {
                tokens.Forget(key);
            }
        }
    }

    private Task RefuseAsync(HttpContext context)
    {
        telemetry.CountRefused("api_key");
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return ProblemExtensions.Problem(StatusCodes.Status401Unauthorized, "The API key is not valid: it may have expired or been deleted.").ExecuteAsync(context);
    }
}
