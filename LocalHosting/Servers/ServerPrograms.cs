namespace McpPlatform.LocalHosting.Servers;

/// <summary>Finds the programs of the servers.</summary>
internal static class ServerPrograms
{
    /// <summary>The first existing file of the candidates, then of PATH.</summary>
    public static string Find(string name, string package, IEnumerable<string> candidates)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return candidates.Concat(path.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new DistributedApplicationException($"{package} is not installed ({name} is not found): run ./run.sh, which installs it, or install its package yourself.");
    }
}
