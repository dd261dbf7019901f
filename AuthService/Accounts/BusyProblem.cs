using System.Globalization;
using McpPlatform.AuthService.Sessions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AuthService.Accounts;

/// <summary>What can happen wherever a person proves who they are.</summary>
internal sealed class BusyProblem(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        (int Status, string Detail, TimeSpan? Wait)? answer = exception switch
        {
            // A burst of logins is shed rather than queued until it times out.
            PasswordWorkBusyException => (StatusCodes.Status503ServiceUnavailable, "Too many logins at once: try again in two seconds.", TimeSpan.FromSeconds(2)),
            TooManyFailedLoginsException { Wait: var wait } => (StatusCodes.Status429TooManyRequests, TooManyFailedLoginsException.Sentence, wait),
            AccountChangedException => (StatusCodes.Status401Unauthorized, "The account was changed at this moment: log in again.", null),
            _ => null,
        };
        if (answer is not var (status, detail, retryAfter))
        {
            return false;
        }

        httpContext.Response.StatusCode = status;
        if (retryAfter is { } seconds)
        {
            httpContext.Response.Headers.RetryAfter = Math.Ceiling(seconds.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext, ProblemDetails = new ProblemDetails { Status = status, Detail = detail },
        });
    }
}
