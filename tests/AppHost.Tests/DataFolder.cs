using System.Runtime.Versioning;

namespace McpPlatform.AppHost.Tests;

/// <summary>A data folder of one test. Others may enter it, as they may a checkout: PostgreSQL runs as another user when the tests run as root.</summary>
[SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
public sealed class DataFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("apphost-tests-");

    public DataFolder() => File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

    public string Path => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
