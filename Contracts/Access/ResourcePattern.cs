using System.Diagnostics.CodeAnalysis;

namespace McpPlatform.Contracts.Access;

/// <summary>
/// Resources of one kind: <c>kind:name</c>, where <c>*</c> in the name stands for any run of characters, none and <c>/</c> included, and everything else for itself,
/// in the same case. Of tools, what stands before the first <c>/</c> of a pattern must also match the server's name.
/// </summary>
/// <param name="Kind">The kind.</param>
/// <param name="Glob">The name.</param>
public sealed record ResourcePattern(ResourceKind Kind, string Glob)
{
    /// <summary>Reads a pattern.</summary>
    /// <param name="text">What somebody wrote.</param>
    /// <param name="pattern">What it means.</param>
    /// <returns>False when it is none; see <see cref="AccessResource.TryParse"/>.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ResourcePattern? pattern)
    {
        pattern = AccessResource.TryParse(text, out var resource) ? new(resource.Kind, resource.Name) : null;
        return pattern is not null;
    }

    /// <summary>Whether it names the resource itself.</summary>
    /// <param name="resource">The resource.</param>
    /// <returns>True for the same kind and a name that matches.</returns>
    public bool Matches(AccessResource resource) =>
        Kind == resource.Kind && Matches(Glob, resource.Name)
        && (Kind != ResourceKind.Tool || !HasServerPart || Matches(AccessResource.ServerPart(Glob), resource.ServerName));

    /// <summary>Whether it names the resource, or the server that the tool is on.</summary>
    internal bool Covers(AccessResource resource) =>
        Matches(resource) || (Kind == ResourceKind.Server && resource.Kind == ResourceKind.Tool && Matches(Glob, resource.ServerName));

    private bool HasServerPart => Glob.Contains('/');

    /// <summary>Whether it can name a tool of the server: so who may use a tool may use its server.</summary>
    internal bool ReachesInto(AccessResource server) =>
        Kind == ResourceKind.Tool && server.Kind == ResourceKind.Server
        && (HasServerPart ? Matches(AccessResource.ServerPart(Glob), server.Name) : IsPrefixOf(server.Name));

    // Without a slash (tool:*delete) one of the stars stands for it: any that the server's name does not contradict.
    private bool IsPrefixOf(string server) => Glob.IndexOf('*') is >= 0 and var star && $"{server}/".StartsWith(Glob[..star], StringComparison.Ordinal);

    // At most (length of name) x (length of pattern) steps: on a mismatch only the last star is tried again, further on.
    private static bool Matches(string glob, string name)
    {
        int at = 0, position = 0, star = -1, resume = 0;
        while (position < name.Length)
        {
            if (at < glob.Length && glob[at] == '*')
            {
                (star, resume) = (at++, position);
            }
            else if (at < glob.Length && glob[at] == name[position])
            {
                at++;
                position++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                position = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (at < glob.Length && glob[at] == '*')
        {
            at++;
        }

        return at == glob.Length;
    }
}
