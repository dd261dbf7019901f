namespace McpPlatform.Gateway.Edge;

/// <summary>
/// Removes what a client could pretend with: headers that say who the user is or where a request comes from, and those that change its method or path.
/// No service of ours believes them; this is for the one that some day does. <c>X-Forwarded-For</c>, <c>-Host</c> and <c>-Proto</c> are set by YARP.
/// </summary>
internal sealed class ForgedHeaders(RequestDelegate next)
{
    private static readonly string[] Prefixes = ["X-User", "X-Mcp-", "X-Forwarded-", "X-Original-", "X-Rewrite-", "X-Http-Method", "X-Auth-", "X-Remote-"];
    private static readonly string[] Names =
        ["Forwarded", "X-Gateway-Secret", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Method-Override", "X-Host", "Proxy"];

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        List<string>? forged = null;
        foreach (var header in headers)
        {
            if (IsForged(header.Key))
            {
                (forged ??= []).Add(header.Key);
            }
        }

        forged?.ForEach(name => headers.Remove(name));
        return next(context);
    }

    private static bool IsForged(string name) =>
        Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        || Array.Exists(Names, forged => name.Equals(forged, StringComparison.OrdinalIgnoreCase));
}
