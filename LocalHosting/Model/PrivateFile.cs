namespace McpPlatform.LocalHosting;

/// <summary>A file that only its owner may read, because it holds secrets.</summary>
internal sealed class PrivateFile(string path) : IDisposable
{
    /// <summary>Writes beside it and moves into place: whoever reads sees the old or the new file whole, also after a crash.</summary>
    public void Write(Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var fresh = $"{path}.new";
        File.Delete(fresh);
        using (var stream = new FileStream(fresh, options))
        {
            write(stream);
        }

        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Deletes the file.</summary>
    public void Dispose() => File.Delete(path);
}
