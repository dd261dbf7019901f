using System.Net;
using System.Text.Json;
using McpPlatform.ServiceDefaults.Outbound;

namespace McpPlatform.McpService.BuiltIn;

/// <summary>What an answer of a product's API was.</summary>
internal sealed record BuiltInAnswer(HttpStatusCode Status, byte[] Body, Uri? Location, IReadOnlyDictionary<string, string> Headers, TimeSpan? RetryAfter)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public string Text => System.Text.Encoding.UTF8.GetString(Body);
}

/// <summary>How much of a good answer's body is wanted; more than is allowed is an error only where the whole is.</summary>
internal enum BodyReading
{
    Whole,
    Beginning,
    None,
}

/// <summary>One request to a product's API: limited in time and size, with failures that a model can act on. Secrets are in headers and never in a message.</summary>
internal static class BuiltInHttp
{
    public static async Task<BuiltInAnswer> SendAsync(
        HttpClient client, HttpRequestMessage request, string product, TimeSpan timeout, int maxBytes, CancellationToken cancellationToken, BodyReading reading = BodyReading.Whole)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = reading == BodyReading.None && response.IsSuccessStatusCode ? [] : await ReadAsync(response, product, maxBytes, reading == BodyReading.Beginning, limit.Token);
            var headers = response.Headers.ToDictionary(header => header.Key, header => string.Join("; ", header.Value), StringComparer.OrdinalIgnoreCase);
            return new(response.StatusCode, body, response.Headers.Location, headers, response.Headers.RetryAfter?.Delta);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolFailedException($"{product} gave no answer within {timeout.TotalSeconds:0.#} s. Try again later, or ask for less.");
        }
        catch (HttpRequestException exception) when (exception.InnerException is OutboundRefusedException)
        {
            throw new ToolFailedException($"The platform does not connect to the address that is configured for {product}. Ask the operator to check it.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new ToolFailedException($"{product} cannot be reached. Try again later; if it stays so, ask the operator.");
        }
    }

    /// <summary>What the statuses mean that mean the same everywhere.</summary>
    /// <param name="notFound">What to say to 404.</param>
    public static void ThrowIfFailed(BuiltInAnswer answer, string product, string notFound)
    {
        if (answer.IsSuccess)
        {
            return;
        }

        throw new ToolFailedException((int)answer.Status switch
        {
            401 => $"{product} does not accept the platform's credentials. Ask the operator to renew them; another try will not help.",
            403 => $"The platform's account in {product} may not do this. Ask the operator for the permission, or choose something else.",
            404 => notFound,
            429 => $"{product} has had too many requests. Try again {(answer.RetryAfter is { } wait ? $"in {Math.Ceiling(wait.TotalSeconds):0} s" : "in a minute")}.",
            >= 300 and < 400 => $"{product} sends requests elsewhere ({(int)answer.Status}). Ask the operator to check the configured address.",
            >= 500 => $"{product} had an error of its own ({(int)answer.Status}). Try again later.",
            var status => $"{product} refused the request ({status}). Check the arguments.",
        });
    }

    public static JsonElement ReadJson(BuiltInAnswer answer, string product)
    {
        try
        {
            return JsonElement.Parse(answer.Body) is { ValueKind: JsonValueKind.Object } json ? json : throw new JsonException();
        }
        catch (JsonException)
        {
            throw new ToolFailedException($"{product} gave an answer that is not of its API. Ask the operator to check the configured address.");
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string product, int maxBytes, bool cut, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > maxBytes)
            {
                if (cut)
                {
                    body.SetLength(maxBytes);
                    break;
                }

                throw new ToolFailedException($"The answer of {product} is larger than {maxBytes / 1024} KiB. Ask for less.");
            }
        }

        return body.ToArray();
    }
}
