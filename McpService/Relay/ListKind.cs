using McpPlatform.Contracts.Access;

namespace McpPlatform.McpService.Relay;

/// <summary>A kind of thing that servers list.</summary>
/// <param name="Method">How it is asked for.</param>
/// <param name="Member">Where it stands in the answer.</param>
/// <param name="Key">What tells one from another.</param>
/// <param name="Capability">What a server says that has such things.</param>
internal sealed record ListKind(string Method, string Member, string Key, string Capability)
{
    public static ListKind Tools { get; } = new("tools/list", "tools", "name", "tools");

    public static ListKind Prompts { get; } = new("prompts/list", "prompts", "name", "prompts");

    public static ListKind Resources { get; } = new("resources/list", "resources", "uri", "resources");

    public static ListKind Templates { get; } = new("resources/templates/list", "resourceTemplates", "uriTemplate", "resources");
}

/// <summary>
/// Prompts and resources as the rules of access see them: what a rule says of a server holds for them, and <c>tool:github/resource:*</c> or
/// <c>tool:github/prompt:*</c> names them alone. So who may use one tool of a server may not read all that it has.
/// </summary>
internal static class Resources
{
    public static AccessResource Of(string server, ListKind kind, string key) => kind == ListKind.Prompts ? Prompt(server, key) : Resource(server, key);

    public static AccessResource Prompt(string server, string name) => AccessResource.Tool(server, "prompt:" + name);

    public static AccessResource Resource(string server, string uri) => AccessResource.Tool(server, "resource:" + uri);
}
