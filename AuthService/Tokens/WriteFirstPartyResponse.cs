using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Mvc;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace McpPlatform.AuthService.Tokens;

/// <summary>On our own paths an error is a problem like any other of the platform, and every credential that does not work gives the same one.</summary>
internal sealed class WriteFirstPartyResponse(IProblemDetailsService problems) : IOpenIddictServerHandler<ApplyTokenResponseContext>
{
    public async ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        var request = context.Transaction.GetHttpRequest()!;
        if (!FirstPartyEndpoints.IsFirstParty(request.Path))
        {
            return;
        }

        if (string.IsNullOrEmpty(context.Error))
        {
            context.Response.TokenType = "bearer";
            return;
        }

        var (status, detail) = context.Error switch
        {
            OpenIddictConstants.Errors.ServerError => (StatusCodes.Status500InternalServerError, null),
            OpenIddictConstants.Errors.InvalidRequest => (StatusCodes.Status400BadRequest, context.Response.ErrorDescription),
            _ => (StatusCodes.Status401Unauthorized, "The refresh token does not work any more: log in again."),
        };
        request.HttpContext.Response.StatusCode = status;
        await problems.WriteAsync(new ProblemDetailsContext
        {
            HttpContext = request.HttpContext,
            ProblemDetails = new ProblemDetails { Status = status, Detail = detail },
        });
        context.HandleRequest();
    }
}
