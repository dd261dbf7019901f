using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

/// <summary>Jenkins' remote access API. Addresses in its answers are never followed: only ids are taken from them.</summary>
internal sealed partial class JenkinsClient(IHttpClientFactory clients, IOptions<JenkinsOptions> options)
{
    public const string ClientName = "builtin-jenkins";
    private const string Product = "Jenkins";
    private const int MaxAnswer = 2 * 1024 * 1024;

    public async Task<JsonElement> GetAsync(string path, string tree, string notFound, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, $"{path}api/json?tree={Uri.EscapeDataString(tree)}");
        var answer = await SendAsync(request, MaxAnswer, cancellationToken);
        BuiltInHttp.ThrowIfFailed(answer, Product, notFound);
        return BuiltInHttp.ReadJson(answer, Product);
    }

    /// <summary>How long a console log is now, in bytes, and whether the build still writes.</summary>
    public async Task<(long Size, bool More)> MeasureLogAsync(string path, string notFound, CancellationToken cancellationToken)
    {
        var answer = await GetLogAsync(path, 0, MaxAnswer, BodyReading.None, notFound, cancellationToken);
        return long.TryParse(answer.Headers.GetValueOrDefault("X-Text-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? (size, string.Equals(answer.Headers.GetValueOrDefault("X-More-Data"), "true", StringComparison.OrdinalIgnoreCase))
            : throw new ToolFailedException("Jenkins gave an answer that is not of its API. Ask the operator to check the configured address.");
    }

    /// <summary>A part of a console log, from a position on.</summary>
    public async Task<byte[]> ReadLogAsync(string path, long start, int maxBytes, string notFound, CancellationToken cancellationToken) =>
        (await GetLogAsync(path, start, maxBytes, BodyReading.Beginning, notFound, cancellationToken)).Body;

    /// <summary>Asks for a build.</summary>
    /// <returns>The id of its place in the queue.</returns>
    public async Task<long> StartAsync(string path, IReadOnlyDictionary<string, string>? parameters, string notFound, CancellationToken cancellationToken)
    {
        var target = path + (parameters is null ? "build" : "buildWithParameters");
        var answer = await PostAsync(target, parameters, crumb: null, cancellationToken);

        // API tokens need no crumb since Jenkins 2.96; older ones, and proxies before it, refuse the request before anything has happened.
        if (answer.Status == HttpStatusCode.Forbidden && answer.Text.Contains("No valid crumb", StringComparison.OrdinalIgnoreCase)
            && await FindCrumbAsync(cancellationToken) is { } crumb)
        {
            answer = await PostAsync(target, parameters, crumb, cancellationToken);
        }

        if (answer.Status is HttpStatusCode.Conflict)
        {
            throw new ToolFailedException("Jenkins does not build this job: it is disabled. Choose another job, or ask its owner to enable it.");
        }

        if (answer.Status is HttpStatusCode.BadRequest or HttpStatusCode.InternalServerError)
        {
            throw new ToolFailedException("Jenkins did not accept the build: most often a parameter is missing, unknown or not one of its choices. Call get_job for the job's parameters.");
        }

        if (answer.Status != HttpStatusCode.SeeOther && answer.Status != HttpStatusCode.Found)
        {
            BuiltInHttp.ThrowIfFailed(answer, Product, notFound);
        }

        return QueueItem().Match(answer.Location?.ToString() ?? string.Empty) is { Success: true } item
            ? long.Parse(item.Groups["id"].ValueSpan, CultureInfo.InvariantCulture)
            : throw new ToolFailedException("Jenkins took the request but did not say where it stands in the queue. Look at the job's last build with get_job before you ask for another.");
    }

    private async Task<BuiltInAnswer> GetLogAsync(string path, long start, int maxBytes, BodyReading reading, string notFound, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, $"{path}logText/progressiveText?start={start.ToString(CultureInfo.InvariantCulture)}");
        var answer = await SendAsync(request, maxBytes, cancellationToken, reading);
        BuiltInHttp.ThrowIfFailed(answer, Product, notFound);
        return answer;
    }

    private async Task<BuiltInAnswer> PostAsync(string target, IReadOnlyDictionary<string, string>? parameters, Crumb? crumb, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Post, target);
        request.Content = new FormUrlEncodedContent(parameters ?? new Dictionary<string, string>(StringComparer.Ordinal));
        if (crumb is not null)
        {
            request.Headers.TryAddWithoutValidation(crumb.Field, crumb.Value);
            request.Headers.TryAddWithoutValidation("Cookie", crumb.Cookie);
        }

        return await SendAsync(request, MaxAnswer, cancellationToken);
    }

    // A crumb is good only in the session that it was made in, so the session's cookie goes with it.
    private async Task<Crumb?> FindCrumbAsync(CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, "crumbIssuer/api/json");
        var answer = await SendAsync(request, MaxAnswer, cancellationToken);
        if (!answer.IsSuccess)
        {
            return null;
        }

        var json = BuiltInHttp.ReadJson(answer, Product);
        return json.TextAt("crumbRequestField") is { } field && json.TextAt("crumb") is { } value
            ? new(field, value, (answer.Headers.GetValueOrDefault("Set-Cookie") ?? string.Empty).Split(';')[0])
            : null;
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        _ = BuiltInAddresses.TryParse(options.Value.Url, out var root);
        var request = new HttpRequestMessage(method, new Uri(root, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.Value.User}:{options.Value.ApiToken}")));
        return request;
    }

    private Task<BuiltInAnswer> SendAsync(HttpRequestMessage request, int maxBytes, CancellationToken cancellationToken, BodyReading reading = BodyReading.Whole) =>
        BuiltInHttp.SendAsync(clients.CreateClient(ClientName), request, Product, options.Value.Timeout, maxBytes, cancellationToken, reading);

    [GeneratedRegex(@"/queue/item/(?<id>[0-9]{1,18})/?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex QueueItem();

    private sealed record Crumb(string Field, string Value, string Cookie);
}
