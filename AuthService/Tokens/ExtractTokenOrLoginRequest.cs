using System.Text.Json;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace McpPlatform.AuthService.Tokens;

/// <summary>
/// Reads token requests: the form of OAuth on its own path (RFC 6749 section 3.2), and JSON or a form on ours. There a new request is made of the
/// few fields that we know; whatever else the caller sends never reaches the token server.
/// </summary>
internal sealed class ExtractTokenOrLoginRequest : IOpenIddictServerHandler<ExtractTokenRequestContext>
{
    private const string InvalidRequest = OpenIddictConstants.Errors.InvalidRequest;

    public async ValueTask HandleAsync(ExtractTokenRequestContext context)
    {
        var request = context.Transaction.GetHttpRequest() ?? throw new InvalidOperationException("There is no HTTP request.");
        if (!HttpMethods.IsPost(request.Method))
        {
            // RFC 9110 section 15.5.6; the body comes from where all empty errors get theirs.
            request.HttpContext.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            request.HttpContext.Response.Headers.Allow = HttpMethods.Post;
            context.HandleRequest();
        }
        else if (FirstPartyEndpoints.IsFirstParty(request.Path))
        {
            await ExtractFirstPartyAsync(context, request);
        }
        else if (!request.HasFormContentType)
        {
            context.Reject(InvalidRequest, "Send the parameters as application/x-www-form-urlencoded.");
        }
        else if (await ReadFormAsync(request) is { } form)
        {
            context.Transaction.Request = new OpenIddictRequest(form);
        }
        else
        {
            context.Reject(InvalidRequest, "Send a form that can be read, without the character U+0000.");
        }
    }

    private static async Task ExtractFirstPartyAsync(ExtractTokenRequestContext context, HttpRequest request)
    {
        var fields = request.HasFormContentType ? (await ReadFormAsync(request))?.ToDictionary(pair => pair.Key, pair => (string?)pair.Value, StringComparer.Ordinal) : request.HasJsonContentType() ? await ReadJsonAsync(request) : null;
        if (fields is null)
        {
            context.Reject(InvalidRequest, "Send a JSON object of strings, or a form.");
            return;
        }

        var refresh = FirstPartyEndpoints.IsRefresh(request.Path);
        var result = new OpenIddictRequest
        {
            ClientId = FirstPartyEndpoints.ConsoleClient,
            GrantType = refresh ? OpenIddictConstants.GrantTypes.RefreshToken : FirstPartyEndpoints.LoginGrant,
        };
        foreach (var name in refresh ? (string[])["refresh_token"] : ["username", "password", "otp"])
        {
            if (fields.TryGetValue(name, out var value) && !string.IsNullOrEmpty(value))
            {
                result.SetParameter(name, value);
            }
        }

        if (refresh && string.IsNullOrEmpty(result.RefreshToken))
        {
            context.Reject(InvalidRequest, "refresh_token is missing.");
            return;
        }

        context.Transaction.Request = result;
    }

    private static async Task<IFormCollection?> ReadFormAsync(HttpRequest request)
    {
        try
        {
            return await request.ReadFormAsync(request.HttpContext.RequestAborted);
        }
        catch (InvalidDataException)
        {
            // A NUL, or more fields than anybody has.
            return null;
        }
    }

    private static async Task<Dictionary<string, string?>?> ReadJsonAsync(HttpRequest request)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(
                request.Body, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false }, request.HttpContext.RequestAborted);
            return document.RootElement.ValueKind != JsonValueKind.Object ? null : document.RootElement.EnumerateObject()
                .Where(property => property.Value.ValueKind == JsonValueKind.String)
                .ToDictionary(property => property.Name, property => property.Value.GetString(), StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or a string that is no Unicode text.
            return null;
        }
    }
}
