using System.Security.Cryptography;
using System.Text;

namespace McpPlatform.LocalHosting.Publishing;

/// <summary>Aspire's name for a data volume that was given none.</summary>
internal static class VolumeName
{
    /// <summary>When published, the hash is the one of the AppHost project's file name, so that the name is the same on every machine.</summary>
    public static string Default(string applicationName, string resourceName)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{applicationName}.csproj")))[..10];
        return $"{Sanitize(applicationName)}-{hash}-{resourceName}-data";
    }

    private static string Sanitize(string name) =>
        string.Concat(name.Select((character, index) =>
            char.IsAsciiLetterOrDigit(character) || (index > 0 && character is '_' or '.' or '-') ? character : '_')).ToLowerInvariant();
}
