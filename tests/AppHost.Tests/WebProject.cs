using McpPlatform.LocalHosting;

namespace McpPlatform.AppHost.Tests;

/// <summary>A project with a launch profile, as far as a model reads one.</summary>
internal sealed class WebProject : IProjectMetadata
{
    private static readonly AsyncLocal<string?> Folder = new();

    public string ProjectPath => Path.Combine(Folder.Value!, "Web", "Web.csproj");

    public static void Write(string folder)
    {
        Folder.Value = folder;
        var properties = Directory.CreateDirectory(Path.Combine(folder, "Web", "Properties")).FullName;
        File.WriteAllText(
            Path.Combine(properties, "launchSettings.json"),
            """{ "profiles": { "http": { "commandName": "Project", "applicationUrl": "http://localhost:5101", "environmentVariables": { "ASPNETCORE_ENVIRONMENT": "Development" } } } }""");
    }
}
