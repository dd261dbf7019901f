using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using McpPlatform.ServiceDefaults.Outbound;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>Speaks to authorization servers: past the outbound guard, without redirects, with small answers, and never for long.</summary>
internal sealed class OAuthHttp(IHttpClientFactory clients)
{
    public const string ClientName = "upstream-oauth";
    private const int MaxBytes = 64 * 1024, MaxReason = 300;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    public static void Configure(IServiceCollection services) => services.AddHttpClient(ClientName, client =>
    {
        client.Timeout = TimeSpan.FromSeconds(10);
        client.MaxResponseContentBufferSize = MaxBytes;
    }).UseOutboundGuard().RemoveAllLoggers();

    /// <summary>Reads a document.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="OAuthException">It cannot be fetched.</exception>
    public async Task<JsonElement?> FindAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK ? await ReadAsync(response, cancellationToken) : null;
    }

    /// <summary>Asks an MCP server without a credential, to hear what it wants.</summary>
    public async Task<AuthenticationHeaderValue?> ChallengeAsync(Uri server, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, server);
        request.Content = new StringContent("""{"jsonrpc":"2.0","id":0,"method":"ping"}""", Encoding.UTF8, "application/json");
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using var response = await SendAsync(request, cancellationToken, HttpCompletionOption.ResponseHeadersRead);
        return response.StatusCode == HttpStatusCode.Unauthorized ? response.Headers.WwwAuthenticate.FirstOrDefault(value => value.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) : null;
    }

    /// <summary>Registers a client (RFC 7591).</summary>
    public async Task<JsonElement> RegisterAsync(Uri endpoint, object metadata, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = JsonContent.Create(metadata) };
        using var response = await SendAsync(request, cancellationToken);
        return response.IsSuccessStatusCode
            ? await ReadAsync(response, cancellationToken) ?? throw new OAuthException("answered the registration with something that is no JSON object")
            : throw await RefusedAsync("refused to register the platform", response, cancellationToken);
    }

    /// <summary>Asks a token endpoint (OAuth 2.1 section 3.2).</summary>
    /// <exception cref="OAuthException">It refused, or gave nothing that can be used.</exception>
    public async Task<JsonElement> AskForTokenAsync(Uri endpoint, OAuthClient client, Dictionary<string, string> form, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        Authenticate(request, client, form);
        request.Content = new FormUrlEncodedContent(form);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK
            ? await ReadAsync(response, cancellationToken) ?? throw new OAuthException("answered with something that is no JSON object")
            : throw await RefusedAsync("gave no token", response, cancellationToken);
    }

    /// <summary>Ends a token (RFC 7009). What does not work is not said: the token ends by itself.</summary>
    public async Task RevokeAsync(Uri endpoint, OAuthClient client, string token, CancellationToken cancellationToken)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = token };
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        Authenticate(request, client, form);
        request.Content = new FormUrlEncodedContent(form);
        try
        {
            using var response = await SendAsync(request, cancellationToken);
        }
        catch (OAuthException)
        {
            // It is down.
        }
    }

    // RFC 6749, section 2.3.1: both parts are form-encoded first.
    private static void Authenticate(HttpRequestMessage request, OAuthClient client, Dictionary<string, string> form)
    {
        if (client is { Secret: { } secret, Method: OAuthClient.Basic })
        {
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{WebUtility.UrlEncode(client.Id)}:{WebUtility.UrlEncode(secret)}")));
            return;
        }

        form["client_id"] = client.Id;
        if (client.Secret is not null)
        {
            form["client_secret"] = client.Secret;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        try
        {
            return await clients.CreateClient(ClientName).SendAsync(request, until, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.InnerException is OutboundRefusedException)
        {
            throw new OAuthException($"is at an address ({request.RequestUri!.Authority}) that is not public, and not one that the operator lists in {OutboundOptions.Key}", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new OAuthException($"cannot be reached at {request.RequestUri!.Authority}, or its answer is larger than {MaxBytes / 1024} KiB", exception) { IsOutage = true };
        }
    }

    private static async Task<JsonElement?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken), Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<OAuthException> RefusedAsync(string what, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var error = await ReadAsync(response, cancellationToken) is { } body ? OAuthJson.Text(body, "error") : null;
        var reason = error is { Length: > 0 } && error.All(character => character is >= ' ' and <= '~') ? error[..Math.Min(error.Length, MaxReason)] : null;
        return new OAuthException($"{what} (HTTP {(int)response.StatusCode}{(reason is null ? string.Empty : $", {reason}")})")
        {
            Error = reason, IsOutage = (int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout,
        };
    }
}

/// <summary>An authorization server did not do what was asked.</summary>
/// <param name="sentence">What happened, as the predicate of a sentence that begins with the authorization server.</param>
/// <param name="inner">The cause.</param>
internal sealed class OAuthException(string sentence, Exception? inner = null) : Exception(sentence, inner)
{
    /// <summary>The error's code, such as <c>invalid_grant</c>.</summary>
    public string? Error { get; init; }

    /// <summary>It may be better in a moment.</summary>
    public bool IsOutage { get; init; }
}

/// <summary>Members of documents that strangers write.</summary>
internal static class OAuthJson
{
    public static string? Text(JsonElement document, string name) =>
        document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static IReadOnlyList<string> Texts(JsonElement document, string name) =>
        document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)]
            : [];

    public static bool IsTrue(JsonElement document, string name) => document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <summary>An endpoint of an authorization server: https, or http where the issuer is.</summary>
    public static Uri? Endpoint(JsonElement document, string name, string issuer) =>
        Uri.TryCreate(Text(document, name), UriKind.Absolute, out var uri) && uri is { UserInfo: "", Fragment: "" }
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && issuer.StartsWith("http:", StringComparison.Ordinal)))
            ? uri : null;
}
