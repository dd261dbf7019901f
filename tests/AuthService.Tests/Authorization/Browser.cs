using System.Net;
using System.Text.RegularExpressions;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>As much of a browser as the pages need: cookies, forms, and no redirect followed that a test does not look at.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient client;

    public Browser(Uri address) => client = new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = address };

    public CookieContainer Cookies { get; } = new();

    public void Dispose() => client.Dispose();

    public async Task<Page> GetAsync(string address)
    {
        using var response = await client.GetAsync(address);
        return await Page.OfAsync(response);
    }

    /// <summary>Fills a page's form in and sends it.</summary>
    /// <param name="page">The page with the form.</param>
    /// <param name="action">The form, by where it leads.</param>
    /// <param name="values">What is typed, and the button that is pressed.</param>
    public async Task<Page> SubmitAsync(Page page, string action, params (string Name, string Value)[] values)
    {
        var form = Forms().Matches(page.Html).SingleOrDefault(form => form.Groups["action"].Value == action)
            ?? throw new InvalidOperationException($"{(int)page.Status}: there is no form for {action} in {page.Html}");
        var fields = Inputs().Matches(form.Groups["body"].Value).Select(input => KeyValuePair.Create(WebUtility.HtmlDecode(input.Groups["name"].Value), WebUtility.HtmlDecode(input.Groups["value"].Value)));
        return await PostAsync(action, [.. fields.Where(field => values.All(value => value.Name != field.Key)), .. values.Select(value => KeyValuePair.Create(value.Name, value.Value))]);
    }

    public async Task<Page> PostAsync(string action, IEnumerable<KeyValuePair<string, string>> fields)
    {
        using var response = await client.PostAsync(action, new FormUrlEncodedContent(fields));
        return await Page.OfAsync(response);
    }

    [GeneratedRegex("<form method=\"post\" action=\"(?<action>[^\"]+)\">(?<body>.*?)</form>", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Forms();

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]+)\" value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Inputs();
}

/// <summary>What the browser was answered.</summary>
internal sealed record Page(HttpStatusCode Status, string? Location, string Html, string Policy, IReadOnlyList<string> SetCookies)
{
    /// <summary>The parameters that a redirect carries.</summary>
    public IReadOnlyDictionary<string, string> Answer =>
        System.Web.HttpUtility.ParseQueryString(new Uri(Location ?? throw new InvalidOperationException($"{(int)Status}: no redirect but {Html}")).Query) is var query
            ? query.AllKeys.ToDictionary(key => key!, key => query[key]!) : [];

    public static async Task<Page> OfAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        response.Headers.Location?.OriginalString,
        await response.Content.ReadAsStringAsync(),
        response.Headers.TryGetValues("Content-Security-Policy", out var policy) ? string.Join(';', policy) : string.Empty,
        response.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies] : []);
}
