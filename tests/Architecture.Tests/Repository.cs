using System.Runtime.CompilerServices;

namespace McpPlatform.Architecture.Tests;

/// <summary>The source tree, for rules about files.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>Folders of the services, in the order of the architecture page.</summary>
    public static IReadOnlyList<string> Services { get; } = ["Gateway", "AuthService", "UserService", "McpService", "AnalyticsService"];

    public static IEnumerable<string> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}Migrations{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    private static string Find([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
