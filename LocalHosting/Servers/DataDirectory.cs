using System.Security.Cryptography;

namespace McpPlatform.LocalHosting.Servers;

/// <summary>Where the servers keep their data: <c>.data/</c> of the repository, <c>MCPPLATFORM_DATA</c>, or a temporary folder for tests.</summary>
internal sealed class DataDirectory(string path, bool isThrowAway) : IDisposable
{
    /// <summary>The absolute path.</summary>
    public string Path { get; } = path;

    public bool IsThrowAway { get; } = isThrowAway;

    public static DataDirectory Open(string appHostDirectory, bool throwAway)
    {
        if (throwAway)
        {
            return new DataDirectory(Directory.CreateTempSubdirectory("mcpplatform-").FullName, isThrowAway: true);
        }

        var chosen = Environment.GetEnvironmentVariable("MCPPLATFORM_DATA");
        var path = string.IsNullOrWhiteSpace(chosen) ? System.IO.Path.GetFullPath("../.data", appHostDirectory) : chosen;
        if (!System.IO.Path.IsPathFullyQualified(path))
        {
            throw new DistributedApplicationException($"MCPPLATFORM_DATA is '{path}', which is not an absolute path to a folder.");
        }

        try
        {
            Directory.CreateDirectory(path);
            var probe = System.IO.Path.Combine(path, $".probe-{RandomNumberGenerator.GetHexString(8)}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException(
                $"The data folder {path} cannot be used ({error.Message.TrimEnd('.')}): give it to the user that starts the AppHost, or set MCPPLATFORM_DATA to another folder.", error);
        }

        return new DataDirectory(path, isThrowAway: false);
    }

    public string Of(string resourceName) => System.IO.Path.Combine(Path, resourceName);

    public void Dispose()
    {
        if (IsThrowAway && Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
