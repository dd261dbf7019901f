using System.Net;
using System.Net.Http.Headers;

namespace McpPlatform.McpService.Upstream;

/// <summary>Gets the token to show a server.</summary>
/// <param name="refused">A token that the server has just refused; null at first.</param>
/// <param name="cancellationToken">Gives up.</param>
/// <returns>Null when there is none to show.</returns>
internal delegate ValueTask<string?> BearerSource(string? refused, CancellationToken cancellationToken);

/// <summary>
/// Shows the server a token with each request: tokens change while a conversation goes on. One that the server refuses with 401 is renewed, and the request, which was
/// not executed, is sent once more.
/// </summary>
internal sealed class BearerHandler(HttpMessageHandler inner, BearerSource source) : DelegatingHandler(inner)
{
    private const string Scheme = "Bearer";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (await source(null, cancellationToken) is not { } token)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        if (request.Content is { } content)
        {
            // So that it can be sent twice.
            await content.LoadIntoBufferAsync(cancellationToken);
        }

        request.Headers.Authorization = new AuthenticationHeaderValue(Scheme, token);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized || await source(token, cancellationToken) is not { } renewed || renewed == token)
        {
            return response;
        }

        response.Dispose();
        request.Headers.Authorization = new AuthenticationHeaderValue(Scheme, renewed);
        return await base.SendAsync(request, cancellationToken);
    }
}
