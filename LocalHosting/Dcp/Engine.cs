namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Aspire's engine on this machine: the orchestrator (DCP) and the dashboard.</summary>
internal sealed record Engine(string Dcp, string? Dashboard)
{
    public const string Version = "13.5.4";

    /// <summary>
    /// Looks where <c>aspire setup</c> unpacks it (<c>~/.aspire/versions/VERSION…</c>); ASPIRE_DCP_PATH (a folder) and ASPIRE_DASHBOARD_PATH
    /// (a file) come first, as they do for Aspire itself.
    /// </summary>
    public static Engine Find(bool withDashboard)
    {
        var dcp = Existing("ASPIRE_DCP_PATH", "dcp") ?? Unpacked("dcp/dcp")
            ?? throw Missing("orchestrator (dcp)");
        var dashboard = withDashboard
            ? Existing("ASPIRE_DASHBOARD_PATH", null) ?? Unpacked("managed/aspire-managed") ?? throw Missing("dashboard (aspire-managed)")
            : null;
        return new Engine(dcp, dashboard);
    }

    private static string? Existing(string variable, string? file)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } path)
        {
            return null;
        }

        var full = Path.GetFullPath(file is null ? path : Path.Combine(path, file));
        return File.Exists(full) ? full : throw new DistributedApplicationException($"{variable} is '{path}', but {full} does not exist.");
    }

    private static string? Unpacked(string file)
    {
        var versions = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aspire", "versions");
        return Directory.Exists(versions)
            ? Directory.EnumerateDirectories(versions, $"{Version}*").Order(StringComparer.Ordinal).Select(one => Path.Combine(one, file)).LastOrDefault(File.Exists)
            : null;
    }

    private static DistributedApplicationException Missing(string part) =>
        new($"Aspire's {part}, version {Version}, is not on this machine: run ./run.sh, which installs it.");
}
