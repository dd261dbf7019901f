using System.Security.Cryptography;

namespace McpPlatform.LocalHosting.Servers;

/// <summary>Where the servers keep their data: <c>.data/</c> of the repository, <c>MCPPLATFORM_DATA</c>, or a temporary folder for tests.</summary>
internal sealed class DataDirectory(string path, bool isThrowAway)
{
    private const string Prefix = "mcpplatform-run-";

    /// <summary>The absolute path.</summary>
    public string Path { get; } = path;

    public bool IsThrowAway { get; } = isThrowAway;

    public static DataDirectory CreateThrowAway()
    {
        SweepUp();
        var folder = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"{Prefix}{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        Directory.CreateDirectory(folder);
        return new DataDirectory(folder, isThrowAway: true);
    }

    public static DataDirectory Open(string? chosen, string appHostDirectory)
    {
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

    /// <summary>The folder of one server.</summary>
    public string Of(string resourceName) => System.IO.Path.Combine(Path, resourceName);

    /// <summary>Keeps a second AppHost from starting servers on the same files. The system frees the claim however this process ends.</summary>
    public IDisposable Claim()
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(Path, "apphost.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new DistributedApplicationException(
                $"Another AppHost already runs with the data folder {Path}: stop it, or set MCPPLATFORM_DATA to another folder.", error);
        }
    }

    /// <summary>A test process that was killed could not delete its folders.</summary>
    private static void SweepUp()
    {
        foreach (var folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), $"{Prefix}*"))
        {
            var owner = System.IO.Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (!int.TryParse(owner, out var pid) || Directory.Exists($"/proc/{pid}") || !Directory.Exists("/proc"))
            {
                continue;
            }

            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another user's, or another process is at it.
            }
        }
    }
}
