using System.Security.Cryptography;
using System.Text;
using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Exchange;

/// <summary>Names of servers out of what people call them in their clients. The same text is the same name always, so that a file that is imported twice registers nothing twice.</summary>
internal static class ImportedNames
{
    /// <summary><c>GitHub Copilot (MCP)</c> becomes <c>github-copilot-mcp</c>; a text without Latin letters and digits a name made of its hash.</summary>
    public static string Of(string text)
    {
        if (ServerNames.IsValid(text))
        {
            return text;
        }

        StringBuilder name = new();
        foreach (var letter in text)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                name.Append(char.ToLowerInvariant(letter));
            }
            else if (name.Length > 0 && name[^1] != '-')
            {
                name.Append('-');
            }
        }

        var slug = name.ToString(0, Math.Min(name.Length, ServerNames.MaxLength)).Trim('-');
        return ServerNames.IsValid(slug) ? slug : "server-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
    }
}
