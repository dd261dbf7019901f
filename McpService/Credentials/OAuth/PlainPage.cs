using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>A page with a heading, a sentence, and perhaps a way on. Without script, and without anything from elsewhere.</summary>
internal static class PlainPage
{
    private const string Style =
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#1b1f24;background:#fff}h1{font-size:1.5rem}"
        + "a{display:inline-block;padding:.6rem 1.2rem;border-radius:.4rem;background:#0b5cad;color:#fff;text-decoration:none}a:focus{outline:3px solid #f5a623}"
        + "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}}";

    private static readonly string StyleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));

    public static IResult Show(HttpContext context, int status, string heading, string sentence, (string Text, string Address)? next = null)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'sha256-{StyleHash}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        var html = HtmlEncoder.Default;
        var link = next is { } way ? $"<p><a href=\"{html.Encode(way.Address)}\" rel=\"noreferrer\">{html.Encode(way.Text)}</a></p>" : string.Empty;
        return Results.Content(
            $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{html.Encode(heading)}</title><style>{Style}</style></head>"
            + $"<body><main><h1>{html.Encode(heading)}</h1><p>{html.Encode(sentence)}</p>{link}</main></body></html>",
            "text/html; charset=utf-8", Encoding.UTF8, status);
    }
}
