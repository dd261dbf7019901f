using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using McpPlatform.LocalHosting.Dcp;

namespace McpPlatform.LocalHosting.Servers;

/// <summary>
/// The operating system's user that a server runs as. PostgreSQL refuses to run as root, so when we are root it runs as the user
/// <c>postgres</c> that its package creates.
/// </summary>
internal sealed class ServerUser(string? name)
{
    public static ServerUser ForPostgres() => new(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux() ? "postgres" : null);

    /// <summary>The folder of the server's data, owned by the user and reachable for it.</summary>
    public string Place(DataDirectory data, string resourceName, Action<string> note)
    {
        var folder = data.Of(resourceName);
        if (name is not null && !OperatingSystem.IsWindows() && !IsReachable(data.Path))
        {
            folder = PlaceOutside(data, resourceName);
            note($"The user {name} cannot enter {data.Path}, so the data is in {folder}.");
        }

        Directory.CreateDirectory(folder);
        if (name is null)
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        else
        {
            Start("chown", $"{name}:", folder);
            Start("chmod", "700", folder);
        }

        return folder;
    }

    /// <summary>
    /// The checkout is below a folder that only root may enter. The same data folder gets the same place every time; and who deletes the data
    /// folder deletes, at the next start, what is in that place.
    /// </summary>
    private static string PlaceOutside(DataDirectory data, string resourceName)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data.Path)))[..12];
        var folder = $"/var/lib/mcpplatform/{key}/{resourceName}";
        var note = Path.Combine(data.Path, $"{resourceName}.place");
        if (!File.Exists(note) && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        File.WriteAllText(note, folder);
        return folder;
    }

    /// <summary>The command, run as the user.</summary>
    public ExecutableSpec Run(string program, string folder, string[] args) => name is null
        ? new ExecutableSpec(program, folder, args, [])
        : new ExecutableSpec("/usr/bin/setpriv", folder, [$"--reuid={name}", $"--regid={name}", "--clear-groups", "--", program, .. args], [new("HOME", folder)]);

    public void WritePrivate(string path, string text)
    {
        new PrivateFile(path).Write(stream => stream.Write(Encoding.UTF8.GetBytes(text)));
        if (name is not null)
        {
            Start("chown", $"{name}:", path);
        }
    }

    private static bool IsReachable(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        for (var folder = new DirectoryInfo(path); folder is not null; folder = folder.Parent)
        {
            if (!folder.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return false;
            }
        }

        return true;
    }

    private static void Start(string program, params string[] args)
    {
        using var process = Process.Start(program, args);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new DistributedApplicationException($"{program} {string.Join(' ', args)} failed: does the user exist, and may this user do it?");
        }
    }
}
