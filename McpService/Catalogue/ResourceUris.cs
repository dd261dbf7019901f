namespace McpPlatform.McpService.Catalogue;

/// <summary>
/// URIs of resources, where several servers stand behind one endpoint: <c>mcp.{server}+{uri}</c>. A server's name holds neither dot nor plus, so that is read back
/// without doubt, and stays a URI, or a template of one (RFC 3986 section 3.1).
/// </summary>
internal static class ResourceUris
{
    private const string Mark = "mcp.";

    public static string Expose(EndpointScope scope, string server, string uri) => scope.MarksUris ? $"{Mark}{server}+{uri}" : uri;

    /// <summary>Reads an exposed URI back.</summary>
    /// <returns>The server's name, null when the URI does not tell; and the URI as that server has it.</returns>
    public static (string? Server, string Uri) Resolve(EndpointScope scope, string uri)
    {
        if (!scope.MarksUris)
        {
            return (scope.Members is [var only] ? only.Server.Name : null, uri);
        }

        return uri.StartsWith(Mark, StringComparison.Ordinal) && uri.IndexOf('+', StringComparison.Ordinal) is > 4 and var plus
            ? (uri[Mark.Length..plus], uri[(plus + 1)..])
            : (null, uri);
    }
}
