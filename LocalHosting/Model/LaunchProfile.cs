using System.Text.Json;

namespace McpPlatform.LocalHosting;

/// <summary>A profile of <c>Properties/launchSettings.json</c>.</summary>
internal sealed record LaunchProfile(string Name, IReadOnlyList<Uri> Urls, Dictionary<string, string> EnvironmentVariables)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { ReadCommentHandling = JsonCommentHandling.Skip };

    /// <summary>The profile of that name, or the first one that starts the project; null when there is none.</summary>
    public static LaunchProfile? Read(string projectPath, string? name)
    {
        var path = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        if (!File.Exists(path))
        {
            return name is null ? null : throw Unknown(path, name);
        }

        var profiles = JsonSerializer.Deserialize<Settings>(File.ReadAllText(path), Format)?.Profiles ?? [];
        var found = profiles.FirstOrDefault(one => name is null ? one.Value.CommandName == "Project" : one.Key == name);
        return found.Value is { } profile
            ? new LaunchProfile(
                found.Key,
                [.. (profile.ApplicationUrl ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(url => new Uri(url))],
                profile.EnvironmentVariables ?? [])
            : name is null ? null : throw Unknown(path, name);
    }

    private static DistributedApplicationException Unknown(string path, string name) => new($"There is no launch profile '{name}' in {path}.");

    private sealed record Settings(Dictionary<string, Profile>? Profiles);

    private sealed record Profile(string? CommandName, string? ApplicationUrl, Dictionary<string, string>? EnvironmentVariables);
}
