using System.Security.Cryptography;
using System.Text;
using McpPlatform.AuthService.Authorization.Pages;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// The pages that people see: rendered here, without script and without anything from elsewhere. The policy lets a form lead to us and, since browsers
/// hold a form to its policy through the redirects that follow, to the client that is waiting.
/// </summary>
internal sealed class PageResults(IAntiforgery antiforgery)
{
    public static string Style { get; } = ReadStyle();

    private static readonly string StyleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));

    /// <summary>The name and value of the hidden field that shows that a form is ours.</summary>
    public (string Name, string Value) FormToken(HttpContext context)
    {
        var tokens = antiforgery.GetAndStoreTokens(context);
        return (tokens.FormFieldName, tokens.RequestToken!);
    }

    public Task<bool> IsOursAsync(HttpContext context) => antiforgery.IsRequestValidAsync(context);

    /// <summary>A page.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="parameters">The component's parameters.</param>
    /// <param name="redirectUri">Where the client waits, validated.</param>
    public static IResult Show<TPage>(HttpContext context, int status, IReadOnlyDictionary<string, object?> parameters, string? redirectUri = null)
        where TPage : IComponent
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src 'sha256-{StyleHash}'; form-action 'self'{FormTarget(redirectUri)}; base-uri 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers.XFrameOptions = "DENY";
        return new RazorComponentResult<TPage>(parameters) { StatusCode = status };
    }

    /// <summary>A page that says what went wrong, when nobody else can be told.</summary>
    public static IResult ShowError(HttpContext context, int status, string sentence) =>
        Show<ErrorPage>(context, status, new Dictionary<string, object?>(StringComparer.Ordinal) { [nameof(ErrorPage.Sentence)] = sentence });

    // Built of checked parts: whatever else is in the address must not get into the policy.
    private static string FormTarget(string? redirectUri)
    {
        if (redirectUri is null || !Uri.TryCreate(redirectUri, UriKind.Absolute, out var uri))
        {
            return string.Empty;
        }

        return uri switch
        {
            // The grammar of policies has no IPv6 addresses.
            { HostNameType: UriHostNameType.IPv6 } => $" {uri.Scheme}:",
            { Scheme: "https" or "http" } => $" {uri.Scheme}://{uri.IdnHost}:{uri.Port}",
            _ => $" {uri.Scheme}:",
        };
    }

    private static string ReadStyle()
    {
        using var reader = new StreamReader(typeof(PageResults).Assembly.GetManifestResourceStream("page.css")!);
        return reader.ReadToEnd();
    }
}
