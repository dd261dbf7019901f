using System.Diagnostics.CodeAnalysis;

namespace McpPlatform.Contracts.Access;

/// <summary>One resource.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name among those of its kind.</param>
public sealed record AccessResource(ResourceKind Kind, string Name)
{
    /// <summary>The longest text of a resource or a pattern, in characters.</summary>
    public const int MaxLength = 256;

    /// <summary>The user who owns it: connections have one.</summary>
    public Guid? OwnerId { get; init; }

    /// <summary>The roles that the owner shares it with.</summary>
    public IReadOnlyList<string> SharedWithRoles { get; init; } = [];

    /// <summary>A tool's server.</summary>
    internal string ServerName => Kind == ResourceKind.Tool ? ServerPart(Name) : Name;

    /// <summary>An MCP server.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The resource.</returns>
    public static AccessResource Server(string name) => new(ResourceKind.Server, name);

    /// <summary>A tool of an MCP server.</summary>
    /// <param name="server">The server's name.</param>
    /// <param name="tool">The tool's name, as the server gives it.</param>
    /// <returns>The resource.</returns>
    public static AccessResource Tool(string server, string tool) => new(ResourceKind.Tool, $"{server}/{tool}");

    /// <summary>A virtual MCP server.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The resource.</returns>
    public static AccessResource Bundle(string name) => new(ResourceKind.Bundle, name);

    /// <summary>A database connection.</summary>
    /// <param name="ownerUsername">Its owner's name.</param>
    /// <param name="name">The profile's name.</param>
    /// <param name="ownerId">Its owner.</param>
    /// <param name="sharedWithRoles">The roles that the owner shares it with.</param>
    /// <returns>The resource.</returns>
    public static AccessResource Connection(string ownerUsername, string name, Guid ownerId, IReadOnlyList<string> sharedWithRoles) =>
        new(ResourceKind.Connection, $"{ownerUsername}/{name}") { OwnerId = ownerId, SharedWithRoles = sharedWithRoles };

    /// <summary>Reads <c>kind:name</c>.</summary>
    /// <param name="text">What somebody wrote.</param>
    /// <param name="resource">What it means.</param>
    /// <returns>False when it is none: an unknown kind, no name, control characters, or longer than <see cref="MaxLength"/>.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out AccessResource? resource)
    {
        resource = null;
        if (text is null || text.Length > MaxLength || text.IndexOf(':') is not (> 0 and var colon) || colon + 1 == text.Length || !IsText(text))
        {
            return false;
        }

        ResourceKind? kind = text[..colon] switch
        {
            "server" => ResourceKind.Server,
            "tool" => ResourceKind.Tool,
            "bundle" => ResourceKind.Bundle,
            "connection" => ResourceKind.Connection,
            _ => null,
        };
        resource = kind is { } known ? new(known, text[(colon + 1)..]) : null;
        return resource is not null;
    }

    /// <summary>The resource as rules and explanations write it.</summary>
    /// <returns><c>kind:name</c>.</returns>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()}:{Name}";

    internal static string ServerPart(string toolName) => toolName.IndexOf('/') is >= 0 and var slash ? toolName[..slash] : toolName;

    // A lone surrogate is no text: it could be neither stored nor sent.
    private static bool IsText(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                index++;
            }
            else if (char.IsControl(text[index]) || char.IsSurrogate(text[index]))
            {
                return false;
            }
        }

        return true;
    }
}
