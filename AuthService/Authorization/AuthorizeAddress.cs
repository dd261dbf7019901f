using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Authorization;

/// <summary>Where the pages lead back to: an authorization request, or a login at another authorization server that waits for who begins it to be known.</summary>
internal sealed record AuthorizeAddress(string Value, string? ClientId, string? RedirectUri)
{
    public const string Path = "/connect/authorize";

    private const string IdentifyPath = "/connect/identify?login=";

    // A request line has 8 KiB.
    private const int MaxLength = 7500;

    /// <summary>The address of the request that is being answered.</summary>
    /// <param name="fields">Its parameters.</param>
    /// <param name="without">Parameters that were fulfilled.</param>
    /// <returns>Null when it would be too long to ask again.</returns>
    public static AuthorizeAddress? Of(IEnumerable<KeyValuePair<string, StringValues>> fields, params string[] without)
    {
        var kept = fields.Where(field => !without.Contains(field.Key, StringComparer.Ordinal)).ToList();
        var address = Path + QueryString.Create(kept).ToUriComponent();
        return address.Length > MaxLength ? null : new(address, Single(kept, Parameters.ClientId), Single(kept, Parameters.RedirectUri));
    }

    /// <summary>Whether no client waits, but a login at the authorization server of an MCP server.</summary>
    public bool IsIdentify => Value.StartsWith(IdentifyPath, StringComparison.Ordinal);

    /// <summary>The address that a login waits at; null when it is none.</summary>
    public static AuthorizeAddress? OfLogin(string? login) =>
        login is { Length: > 0 and <= 100 } && login.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_') ? new(IdentifyPath + login, null, null) : null;

    /// <summary>Reads an address that came back with a form. Whatever is none of ours is refused: nobody is sent elsewhere.</summary>
    public static AuthorizeAddress? Parse(string? text)
    {
        if (text?.StartsWith(IdentifyPath, StringComparison.Ordinal) == true)
        {
            return OfLogin(text[IdentifyPath.Length..]);
        }

        if (text is null || text.Length > MaxLength || !text.StartsWith(Path + "?", StringComparison.Ordinal) || text.Any(one => one is <= ' ' or >= '\u007f' or '\\' or '#'))
        {
            return null;
        }

        var fields = QueryHelpers.ParseQuery(text[Path.Length..]);
        return fields.Values.Any(values => values.Any(value => value?.Contains('\0', StringComparison.Ordinal) == true))
            ? null
            : new(text, Single(fields, Parameters.ClientId), Single(fields, Parameters.RedirectUri));
    }

    private static string? Single(IEnumerable<KeyValuePair<string, StringValues>> fields, string name) =>
        fields.FirstOrDefault(field => field.Key == name).Value is { Count: 1 } values ? values[0] : null;
}
